//! Shared state without a type: values with keys.

use super::edit::{Labelled, Made};
use super::{State, StateCall, StateError, runs_here};
use crate::codec::{self, Storable};
use crate::fields::Coder;
use crate::lengths;
use crate::shared_state::{StateSnapshot, rows};
use crate::value::Value;
use std::convert::Infallible;
use std::panic::Location;
use std::sync::Arc;

impl<S: Send + Sync + 'static> State<S> {
    /// Sets the value of a key: any serde type, or bytes, which stay raw. It is an [`edit`](State::edit) like any
    /// other: atomic, and made once.
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// #[step]
    /// async fn crawl(state: &State, page: u32) -> Result<u32> {
    ///     let before = state.get::<u32>("last page").await?.unwrap_or_default();
    ///     state.set("last page", &page).await?;
    ///     Ok(before)
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let state = State::for_tests(());
    /// assert_eq!(crawl::direct(&state, 5).await.unwrap(), 0);
    /// assert_eq!(crawl::direct(&state, 6).await.unwrap(), 5);
    /// # }
    /// ```
    ///
    /// # Errors
    /// The value cannot be stored, the step was cancelled, or this is within an edit.
    #[track_caller]
    pub fn set<'a, T: Storable>(&'a self, key: &str, value: &T) -> StateCall<'a, ()> {
        let edit = self.key_at(Location::caller());
        self.write(edit, key, value)
    }

    /// Removes a key; a missing key is no error.
    ///
    /// # Errors
    /// The step was cancelled, or this is within an edit.
    #[track_caller]
    pub fn remove<'a>(&'a self, key: &str) -> StateCall<'a, ()> {
        let edit = self.key_at(Location::caller());
        self.put(edit, key.to_owned(), None)
    }

    /// Returns the value of a key, once it is durable; `None` if there is none.
    ///
    /// # Errors
    /// [`StateError::OtherType`]: there is a value, and it does not decode to this type. [`StateError::Stopped`].
    pub fn get<'a, T: Storable>(&'a self, key: &str) -> StateCall<'a, Option<T>> {
        let (now, edits) = self.env.state.now();
        let value = now.keys.get(key).cloned();
        let (key, wait) = (key.to_owned(), !runs_here());
        self.call(async move {
            if wait {
                self.env.state.durable(edits).await.map_err(|_| StateError::Stopped)?;
            }
            let Some(value) = value else { return Ok(None) };
            match read(self.env.fields.coder(), &key, &value) {
                Ok(value) => Ok(Some(value)),
                Err(error) => self.locked_or(error).await,
            }
        })
    }

    fn write<'a, T: Storable>(&'a self, edit: String, key: &str, value: &T) -> StateCall<'a, ()> {
        let row = rows::of_key(key);
        let stored = codec::record_at(self.env.fields.coder(), codec::Location::Field(&row), value);
        match stored {
            Ok(value) => self.put(edit, key.to_owned(), Some(value)),
            Err(error) => {
                let error = StateError::Unstorable(format!("the value of the key `{key}`: {error}"));
                let refused = if self.is_locked() { None } else { Some(error) };
                self.call(async move {
                    match refused {
                        Some(error) => Err(error),
                        None => std::future::pending().await,
                    }
                })
            }
        }
    }

    /// Sets or removes a key.
    fn put(&self, edit: String, key: String, value: Option<Value>) -> StateCall<'_, ()> {
        self.call(async move {
            lengths::check("a key of the shared state", &key, 0).map_err(StateError::Unstorable)?;
            let made = self.in_turn(edit, move |before| {
                let mut keys = before.keys.clone();
                let all = Arc::make_mut(&mut keys);
                match &value {
                    Some(value) => drop(all.insert(key.clone(), value.clone())),
                    None => drop(all.remove(&key)),
                }
                let rows = vec![(rows::of_key(&key), value.unwrap_or_else(rows::gone))];
                let after = StateSnapshot { keys, ..before.clone() };
                let result = Value::json(&b"null"[..]);
                Ok(Ok::<_, Infallible>(Made { result, decoded: (), whole: None, rows, after, routing: None }))
            });
            made.await.map(|_| ())
        })
    }
}

impl<S: Send + Sync + 'static> Labelled<'_, S> {
    /// Sets a key like [`State::set`], under this name.
    ///
    /// # Errors
    /// See [`State::set`].
    pub fn set<'a, T: Storable>(&self, key: &str, value: &T) -> StateCall<'a, ()>
    where
        Self: 'a,
    {
        self.state.write(self.state.key_of(self.label), key, value)
    }

    /// Removes a key like [`State::remove`], under this name.
    ///
    /// # Errors
    /// See [`State::remove`].
    pub fn remove<'a>(&self, key: &str) -> StateCall<'a, ()>
    where
        Self: 'a,
    {
        self.state.put(self.state.key_of(self.label), key.to_owned(), None)
    }
}

/// Decodes the value of a key.
pub(crate) fn read<T: Storable>(coder: Coder<'_>, key: &str, value: &Value) -> Result<T, StateError> {
    let decoded = codec::decode_at(coder, codec::Location::Field(&rows::of_key(key)), value);
    decoded.map_err(|error| StateError::OtherType { key: key.to_owned(), message: error.to_string() })
}
