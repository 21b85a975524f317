//! What a mailer of either kind is made of.

use smtp_starttls::EhloName;

use crate::adapter::rustls::Connector;
use crate::delivery::Settings;
use crate::resolve::Name;

/// What deliveries are carried out with.
pub(super) struct Parts<L, F, S> {
    pub(super) look_up: L,
    pub(super) fetch: F,
    pub(super) store: S,
    pub(super) connector: Connector,
    pub(super) ehlo_name: EhloName,
    pub(super) settings: Settings,
}

impl<L, F, S> Parts<L, F, S> {
    pub(super) fn new(
        look_up: L,
        fetch: F,
        store: S,
        connector: Connector,
        ehlo_name: EhloName,
    ) -> Self {
        let settings = with_own_name(Settings::default(), &ehlo_name);
        Self { look_up, fetch, store, connector, ehlo_name, settings }
    }

    pub(super) fn settings(self, settings: Settings) -> Self {
        Self { settings: with_own_name(settings, &self.ehlo_name), ..self }
    }
}

/// Where no name is told to be our own, the one that we give in EHLO is.
fn with_own_name(mut settings: Settings, ehlo_name: &EhloName) -> Settings {
    match ehlo_name.to_string().parse::<Name>() {
        Ok(name) if settings.own_names.is_empty() => settings.own_name(name),
        _ => {}
    }
    settings
}
