//! Addresses of pages. Every page lies directly below the mount path, so links are relative, and a program may mount the
//! console under any path, and a proxy may strip it.

/// An address with parameters, which are encoded.
#[derive(Clone, Debug)]
pub(crate) struct Link(String);

impl Link {
    pub(crate) fn to(page: &str) -> Self {
        Self(page.to_owned())
    }

    #[expect(clippy::needless_pass_by_value, reason = "texts and numbers alike")]
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.extend(form_urlencoded::byte_serialize(name.as_bytes()));
        self.0.push('=');
        self.0.extend(form_urlencoded::byte_serialize(value.to_string().as_bytes()));
        self
    }

    pub(crate) fn maybe(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl maud::Render for Link {
    fn render_to(&self, buffer: &mut String) {
        self.0.as_str().render_to(buffer);
    }
}

/// Returns the address of a run.
pub(crate) fn run(id: &str) -> Link {
    Link::to("run").with("id", id)
}

/// Returns the address of the form of an action.
pub(crate) fn act(action: &str) -> Link {
    Link::to("act").with("do", action)
}
