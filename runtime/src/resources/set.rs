//! The registered resources, and their checks.

use super::Anything;
use super::{Entry, Make, ResourceFactory, ResourceKey, Resources};
use crate::panics::Held;
use futures_util::FutureExt;
use std::sync::Arc;

/// The registered resources. [`open`](ResourceSet::open) creates those of one process.
#[derive(Clone, Default)]
pub(crate) struct ResourceSet(Vec<Provider>);

#[derive(Clone)]
struct Provider {
    need: ResourceKey,
    needs: Vec<ResourceKey>,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Value(Held<Anything>),
    Factory(Held<Make>),
}

impl ResourceSet {
    /// Adds a value.
    pub(crate) fn value<R: Send + Sync + 'static>(&mut self, value: R) {
        self.0.push(Provider {
            need: ResourceKey::of::<R>(),
            needs: Vec::new(),
            source: Source::Value(Held::new(Arc::new(value))),
        });
    }

    /// Adds a factory.
    pub(crate) fn factory<F: ResourceFactory<Needs>, Needs>(&mut self, factory: F) {
        let factory = Arc::new(factory);
        let make: Make = Arc::new(move |resources| {
            let making = factory.clone().make(resources);
            async move { making.await.map(|made| made as Anything) }.boxed()
        });
        self.0.push(Provider {
            need: ResourceKey::of::<F::Resource>(),
            needs: F::needs(),
            source: Source::Factory(Held::new(make)),
        });
    }

    /// Creates the resources of one process, of which only the registered values exist yet.
    pub(crate) fn open(&self) -> Resources {
        let entry = |provider: &Provider| {
            let (factory, value) = match &provider.source {
                Source::Value(value) => (None, Some(Anything::clone(value))),
                Source::Factory(factory) => (Some(Make::clone(factory)), None),
            };
            ((provider.need.id)(), Entry::new(provider.need, factory, value))
        };
        Resources(Arc::new(self.0.iter().map(entry).collect()))
    }

    /// Checks that every resource can be created.
    ///
    /// # Errors
    /// A message: a type is registered twice, a resource that a factory takes is missing, or they form a cycle.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (index, provider) in self.0.iter().enumerate() {
            if self.0[..index].iter().any(|before| before.need.is(&provider.need)) {
                return Err(format!(
                    "resource `{}` is registered twice: keep one, or give each a type of its own",
                    provider.need.short_name()
                ));
            }
        }
        for provider in &self.0 {
            if let Some(need) = provider.needs.iter().find(|need| self.provider(need).is_none()) {
                return Err(format!(
                    "the factory of resource `{}` needs `{}`, which is not registered: add `.resource(..)` or \
                     `.resource_with(..)` for it",
                    provider.need.name_beside(need),
                    need.name_beside(&provider.need)
                ));
            }
        }
        let mut fine = Vec::new();
        self.0.iter().try_for_each(|provider| self.no_circle(provider, &mut Vec::new(), &mut fine))
    }

    /// Checks that declared resources are registered; `takes` says what takes them.
    ///
    /// # Errors
    /// A message that names what takes them and the type.
    pub(crate) fn check_declared(&self, takes: &str, declared: &[ResourceKey]) -> Result<(), String> {
        let Some(need) = declared.iter().find(|need| self.provider(need).is_none()) else { return Ok(()) };
        let others: Vec<String> = self.0.iter().map(|provider| provider.need.name_beside(need)).collect();
        let others = if others.is_empty() { String::new() } else { format!(" (there are: `{}`)", others.join("`, `")) };
        let name = self.0.iter().map(|provider| need.name_beside(&provider.need)).max_by_key(String::len);
        Err(format!(
            "{takes} resource `{}`, which is not registered{others}: add \
             `.resource(..)` or `.resource_with(..)` for it to the builder",
            name.unwrap_or_else(|| need.short_name())
        ))
    }

    fn provider(&self, need: &ResourceKey) -> Option<&Provider> {
        self.0.iter().find(|provider| provider.need.is(need))
    }

    /// Follows the resources that a provider takes, and refuses cycles; `path` leads here, and those in `fine` were
    /// checked before.
    fn no_circle<'a>(
        &'a self,
        provider: &'a Provider,
        path: &mut Vec<&'a ResourceKey>,
        fine: &mut Vec<ResourceKey>,
    ) -> Result<(), String> {
        if fine.iter().any(|seen| seen.is(&provider.need)) {
            return Ok(());
        }
        let start = path.iter().position(|before| before.is(&provider.need));
        path.push(&provider.need);
        if let Some(start) = start {
            let chain: Vec<String> = path[start..].iter().map(|need| need.short_name()).collect();
            return Err(format!(
                "resources need each other in a circle, {}, so none of them can be made first: let one of the \
                 factories do without",
                chain.join(" -> ")
            ));
        }
        for next in provider.needs.iter().filter_map(|need| self.provider(need)) {
            self.no_circle(next, path, fine)?;
        }
        path.pop();
        fine.push(provider.need);
        Ok(())
    }
}
