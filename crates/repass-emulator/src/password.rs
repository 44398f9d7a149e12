//! The callback that is told each password.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use repass_client::Secret;

/// A password that an instance has from now on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PasswordSet {
    /// The instance.
    pub instance_id: String,
    /// The account or administrator of a DDM instance; none for the password of the instance itself.
    pub account: Option<String>,
    /// The password. None means that a Redis instance is password-free, or that a DDM administrator
    /// is gone because its creation was rolled back.
    pub password: Option<Secret>,
}

/// A callback that is told each password as it is set, so that a real server can stand behind an
/// instance.
///
/// It is called before the answer leaves, for changes that faults apply late or roll back as well,
/// and for one instance in the order of the changes. The passwords that a fleet begins with are not
/// told.
///
/// ```
/// use repass_emulator::{Emulator, Fleet, OnPassword, Options};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let on_password = OnPassword::new(|set| async move {
///     // Set it on the server that stands behind `set.instance_id`.
///     assert!(set.password.is_some());
/// });
/// let options = Options {
///     on_password: Some(on_password),
///     ..Options::default()
/// };
/// let emulator = Emulator::start_with(Fleet::built_in(), options).await?;
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct OnPassword(Arc<Callback>);

type Callback = dyn Fn(PasswordSet) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

impl OnPassword {
    /// Wraps an async function.
    pub fn new<F>(callback: impl Fn(PasswordSet) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(move |set| Box::pin(callback(set))))
    }

    pub(crate) async fn call(&self, set: PasswordSet) {
        (self.0)(set).await;
    }
}

impl fmt::Debug for OnPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnPassword")
    }
}
