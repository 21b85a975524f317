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
        let settings = Settings::default();
        let parts = Self { look_up, fetch, store, connector, ehlo_name, settings };
        parts.settings(Settings::default())
    }

    /// The name that we give in EHLO is one of our own.
    pub(super) fn settings(self, mut settings: Settings) -> Self {
        if let Ok(name) = self.ehlo_name.to_string().parse::<Name>() {
            settings.own_name(name);
        }
        Self { settings, ..self }
    }
}
