//! Every name that a source of settings may use, and its effect.
//!
//! A variable of OpenStack is the name of a field in upper case after `OS_`, as in openstacksdk.
//! So most rows are of a variable and a field at once.

use repass_client::Service;

/// A setting that the sources give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Cloud,
    Region,
    Endpoint(Service),
    ProjectId,
    ProjectName,
    Token,
    AccessKey,
    SecretKey,
    SecurityToken,
    Username,
    Password,
    Domain,
    CaCertificates,
    /// The kind of credentials.
    AuthType,
    // These are only compared with the others: IAM is asked with names.
    UserId,
    DomainId,
    /// The domain of user and project, where there is no [`Which::Domain`].
    CommonDomain,
    ProjectDomain,
    ProjectDomainId,
}

/// Settings that come from one source together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Target,
    Project,
    Credentials,
}

impl Which {
    pub(crate) fn group(self) -> Option<Group> {
        match self {
            Self::Cloud | Self::CaCertificates => None,
            Self::Region | Self::Endpoint(_) => Some(Group::Target),
            Self::ProjectId | Self::ProjectName | Self::ProjectDomain | Self::ProjectDomainId => {
                Some(Group::Project)
            }
            _ => Some(Group::Credentials),
        }
    }
}

/// The effect of a name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Role {
    Sets(Which),
    /// Names the files and the cloud in them, and is read before the rest.
    Finds,
    /// Changes nothing of what repass does, for this reason.
    Harmless(&'static str),
    /// Harmless with one of these values; refused with any other, with this advice.
    Only(&'static [&'static str], &'static str),
    /// Asks for something that repass cannot do. The text says what to do instead.
    Refused(&'static str),
}

/// A row of the table.
pub(crate) struct Name {
    /// A star stands for any text.
    pub(crate) name: &'static str,
    places: u8,
    pub(crate) role: Role,
}

const VARIABLE: u8 = 1;
const CLOUD: u8 = 2;
const AUTH: u8 = 4;
const FIELD: u8 = CLOUD | AUTH;
const BOTH: u8 = VARIABLE | CLOUD;
const ALL: u8 = VARIABLE | CLOUD | AUTH;

/// The place of a field in a cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Auth,
    Cloud,
}

const fn row(name: &'static str, places: u8, role: Role) -> Name {
    Name { name, places, role }
}

use Role::{Finds, Harmless, Only, Refused, Sets};

const PASSWORD_OR_TOKEN: &str = "give a user's name and password, a token or an access key instead";
const NO_FEDERATION: &str =
    "repass does not log in through an identity provider: get a token or an access key, and set it";
const NO_FILE: &str = "repass does not read that file: set HUAWEICLOUD_SDK_AK and _SK instead";
const NO_AGENCY: &str =
    "repass assumes no agency: get a temporary access key or a token of it, and set that";
const OTHER_SERVICE: &str = "it is about a service or a feature that repass does not use";
const OTHER_TOOL: &str = "it is for other tools";
const VERIFY: &str = "repass never sends a password without checking the certificate: name the \
                      file of the authority in cacert or OS_CACERT";
const CATALOG: &str = "repass reads no catalog of services: give the endpoints";

/// In the order of their precedence within one source. Exact names stand before patterns.
pub(crate) const NAMES: &[Name] = &[
    // What to read.
    row("cloud", VARIABLE, Sets(Which::Cloud)),
    row("client_config_file", VARIABLE, Finds),
    row("client_secure_file", VARIABLE, Finds),
    row("auth", CLOUD, Finds),
    row("profile", CLOUD, Finds),
    row("cloud", CLOUD, Finds),
    row("regions", CLOUD, Finds),
    row(
        "cloud_name",
        VARIABLE,
        Harmless("it only names the variables for openstacksdk"),
    ),
    // The target.
    row("HUAWEICLOUD_SDK_REGION", VARIABLE, Sets(Which::Region)),
    row("HUAWEICLOUD_REGION", VARIABLE, Sets(Which::Region)),
    row("HW_REGION_NAME", VARIABLE, Sets(Which::Region)),
    row("region_name", BOTH, Sets(Which::Region)),
    row("region", VARIABLE, Sets(Which::Region)),
    row(
        "ddm_endpoint_override",
        BOTH,
        Sets(Which::Endpoint(Service::Ddm)),
    ),
    row("ddm_endpoint", BOTH, Sets(Which::Endpoint(Service::Ddm))),
    row(
        "dcs_endpoint_override",
        BOTH,
        Sets(Which::Endpoint(Service::Dcs)),
    ),
    row("dcs_endpoint", BOTH, Sets(Which::Endpoint(Service::Dcs))),
    row(
        "dms_endpoint_override",
        BOTH,
        Sets(Which::Endpoint(Service::Dms)),
    ),
    row("dms_endpoint", BOTH, Sets(Which::Endpoint(Service::Dms))),
    row(
        "HUAWEICLOUD_SDK_IAM_ENDPOINT",
        VARIABLE,
        Sets(Which::Endpoint(Service::Iam)),
    ),
    row("HW_AUTH_URL", VARIABLE, Sets(Which::Endpoint(Service::Iam))),
    row("auth_url", ALL, Sets(Which::Endpoint(Service::Iam))),
    // The project.
    row(
        "HUAWEICLOUD_SDK_PROJECT_ID",
        VARIABLE,
        Sets(Which::ProjectId),
    ),
    row("HW_PROJECT_ID", VARIABLE, Sets(Which::ProjectId)),
    row("HW_PROJECT_NAME", VARIABLE, Sets(Which::ProjectName)),
    row("project_id", ALL, Sets(Which::ProjectId)),
    row("tenant_id", ALL, Sets(Which::ProjectId)),
    row("project_name", ALL, Sets(Which::ProjectName)),
    row("tenant_name", ALL, Sets(Which::ProjectName)),
    row("project_domain_name", ALL, Sets(Which::ProjectDomain)),
    row("project_domain_id", ALL, Sets(Which::ProjectDomainId)),
    // The credentials.
    row("HUAWEICLOUD_SDK_AK", VARIABLE, Sets(Which::AccessKey)),
    row("HUAWEICLOUD_SDK_SK", VARIABLE, Sets(Which::SecretKey)),
    row(
        "HUAWEICLOUD_SDK_SECURITY_TOKEN",
        VARIABLE,
        Sets(Which::SecurityToken),
    ),
    row("HW_ACCESS_KEY", VARIABLE, Sets(Which::AccessKey)),
    row("HW_SECRET_KEY", VARIABLE, Sets(Which::SecretKey)),
    row("HW_SECURITY_TOKEN", VARIABLE, Sets(Which::SecurityToken)),
    row("HW_USER_NAME", VARIABLE, Sets(Which::Username)),
    row("HW_USER_PASSWORD", VARIABLE, Sets(Which::Password)),
    row("HW_DOMAIN_NAME", VARIABLE, Sets(Which::Domain)),
    row("HW_USER_ID", VARIABLE, Sets(Which::UserId)),
    row("HW_DOMAIN_ID", VARIABLE, Sets(Which::DomainId)),
    row("auth_type", BOTH, Sets(Which::AuthType)),
    row("auth_plugin", BOTH, Sets(Which::AuthType)),
    row("token", ALL, Sets(Which::Token)),
    row("auth_token", ALL, Sets(Which::Token)),
    row("access_key", ALL, Sets(Which::AccessKey)),
    row("ak", ALL, Sets(Which::AccessKey)),
    row("secret_key", ALL, Sets(Which::SecretKey)),
    row("sk", ALL, Sets(Which::SecretKey)),
    row("security_token", ALL, Sets(Which::SecurityToken)),
    row("username", ALL, Sets(Which::Username)),
    row("user_name", ALL, Sets(Which::Username)),
    row("password", ALL, Sets(Which::Password)),
    row("user_domain_name", ALL, Sets(Which::Domain)),
    row("domain_name", ALL, Sets(Which::CommonDomain)),
    row("default_domain_name", ALL, Sets(Which::CommonDomain)),
    row("default_domain", ALL, Sets(Which::CommonDomain)),
    row("user_id", ALL, Sets(Which::UserId)),
    row("user_domain_id", ALL, Sets(Which::DomainId)),
    row("domain_id", ALL, Sets(Which::DomainId)),
    row("default_domain_id", ALL, Sets(Which::DomainId)),
    // The network.
    row("cacert", BOTH, Sets(Which::CaCertificates)),
    row("verify", BOTH, Only(&["true", "yes", "on", "1"], VERIFY)),
    row("insecure", BOTH, Only(&["false", "no", "off", "0"], VERIFY)),
    row(
        "HW_INSECURE",
        VARIABLE,
        Only(&["false", "no", "off", "0"], VERIFY),
    ),
    row(
        "cert",
        BOTH,
        Refused("repass presents no certificate of its own: remove it"),
    ),
    row(
        "key",
        BOTH,
        Refused("repass presents no certificate of its own: remove it"),
    ),
    row(
        "api_timeout",
        BOTH,
        Harmless("a call of repass ends within a minute"),
    ),
    row(
        "timeout",
        BOTH,
        Harmless("a call of repass ends within a minute"),
    ),
    row(
        "*_timeout",
        CLOUD,
        Harmless("a call of repass ends within a minute"),
    ),
    row(
        "force_ipv4",
        BOTH,
        Harmless("the system chooses the address"),
    ),
    row(
        "prefer_ipv6",
        BOTH,
        Harmless("the system chooses the address"),
    ),
    // Other ways to log in.
    row("application_credential_*", ALL, Refused(PASSWORD_OR_TOKEN)),
    row("passcode", ALL, Refused(PASSWORD_OR_TOKEN)),
    row("service_token", VARIABLE, Refused(PASSWORD_OR_TOKEN)),
    row("service_endpoint", VARIABLE, Refused(PASSWORD_OR_TOKEN)),
    row(
        "auth_strategy",
        VARIABLE,
        Only(&["keystone"], PASSWORD_OR_TOKEN),
    ),
    row("auth_methods", ALL, Refused(PASSWORD_OR_TOKEN)),
    row(
        "trust_id",
        ALL,
        Refused("repass uses no trust: give a user of the project"),
    ),
    row(
        "system_scope",
        ALL,
        Refused("passwords are set in a project: give the project"),
    ),
    row("identity_provider*", ALL, Refused(NO_FEDERATION)),
    row("protocol", ALL, Refused(NO_FEDERATION)),
    row("openid_scope", ALL, Refused(NO_FEDERATION)),
    row("access_token*", ALL, Refused(NO_FEDERATION)),
    row("client_id", ALL, Refused(NO_FEDERATION)),
    row("client_secret", ALL, Refused(NO_FEDERATION)),
    row("discovery_endpoint", ALL, Refused(NO_FEDERATION)),
    row("service_provider_*", ALL, Refused(NO_FEDERATION)),
    row("oauth*", ALL, Refused(NO_FEDERATION)),
    row("consumer_*", ALL, Refused(NO_FEDERATION)),
    row(
        "endpoint",
        ALL,
        Refused("name the service: dcs_endpoint_override, or the option --endpoint"),
    ),
    row(
        "url",
        VARIABLE,
        Refused("name the service: OS_DCS_ENDPOINT_OVERRIDE, or the option --endpoint"),
    ),
    row("agency_*", ALL, Refused(NO_AGENCY)),
    row("delegated_project", ALL, Refused(NO_AGENCY)),
    row("HUAWEICLOUD_SDK_IDP_ID", VARIABLE, Refused(NO_FEDERATION)),
    row(
        "HUAWEICLOUD_SDK_ID_TOKEN_FILE",
        VARIABLE,
        Refused(NO_FEDERATION),
    ),
    row("HUAWEICLOUD_OIDC_*", VARIABLE, Refused(NO_FEDERATION)),
    row(
        "HUAWEICLOUD_SDK_CREDENTIALS_FILE",
        VARIABLE,
        Refused(NO_FILE),
    ),
    row("HW_SHARED_CONFIG_FILE", VARIABLE, Refused(NO_FILE)),
    row("HW_PROFILE", VARIABLE, Refused(NO_FILE)),
    row("HW_ASSUME_ROLE_*", VARIABLE, Refused(NO_AGENCY)),
    row(
        "HUAWEICLOUD_ACCESS_KEY_ID",
        VARIABLE,
        Refused("repass takes an access key from HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"),
    ),
    row(
        "HUAWEICLOUD_SECRET_ACCESS_KEY",
        VARIABLE,
        Refused("repass takes an access key from HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"),
    ),
    // Other ways to find the services.
    row(
        "identity_endpoint_override",
        BOTH,
        Refused("repass logs in and looks projects up at auth_url: write it there"),
    ),
    row(
        "identity_endpoint",
        BOTH,
        Refused("repass logs in and looks projects up at auth_url: write it there"),
    ),
    row(
        "HUAWEICLOUD_SDK_REGIONS_FILE",
        VARIABLE,
        Refused("repass does not read that file: give --endpoint"),
    ),
    row(
        "HUAWEICLOUD_SDK_REGION_DDM_*",
        VARIABLE,
        Refused("give --endpoint instead"),
    ),
    row(
        "HUAWEICLOUD_SDK_REGION_DCS_*",
        VARIABLE,
        Refused("give --endpoint instead"),
    ),
    row(
        "HUAWEICLOUD_SDK_REGION_DMS_*",
        VARIABLE,
        Refused("give --endpoint instead"),
    ),
    row(
        "HUAWEICLOUD_SDK_REGION_KAFKA_*",
        VARIABLE,
        Refused("give --endpoint instead"),
    ),
    row(
        "HUAWEICLOUD_SDK_REGION_*",
        VARIABLE,
        Harmless(OTHER_SERVICE),
    ),
    row(
        "HW_CLOUD",
        VARIABLE,
        Only(
            &["myhuaweicloud.com"],
            "for another cloud than Huawei's give the endpoints: --endpoint and --iam-endpoint",
        ),
    ),
    row("interface", BOTH, Only(&["public", "publicurl"], CATALOG)),
    row(
        "endpoint_type",
        BOTH,
        Only(&["public", "publicurl"], CATALOG),
    ),
    row(
        "ddm_interface",
        BOTH,
        Only(&["public", "publicurl"], CATALOG),
    ),
    row(
        "dcs_interface",
        BOTH,
        Only(&["public", "publicurl"], CATALOG),
    ),
    row(
        "dms_interface",
        BOTH,
        Only(&["public", "publicurl"], CATALOG),
    ),
    row(
        "ddm_region_name",
        BOTH,
        Refused("repass has one region for all services: name it in region_name"),
    ),
    row(
        "dcs_region_name",
        BOTH,
        Refused("repass has one region for all services: name it in region_name"),
    ),
    row(
        "dms_region_name",
        BOTH,
        Refused("repass has one region for all services: name it in region_name"),
    ),
    row(
        "identity_api_version",
        BOTH,
        Only(
            &["3", "3.0", "v3", "v3.0"],
            "repass speaks version 3 of IAM: set it to 3",
        ),
    ),
    row(
        "HW_SIGNING_ALGORITHM",
        VARIABLE,
        Only(
            &["hmacsha256"],
            "repass signs with HmacSHA256 only: unset it",
        ),
    ),
    // What is left of other services and tools.
    row("*_api_version", BOTH, Harmless(OTHER_SERVICE)),
    row("*_default_microversion", BOTH, Harmless(OTHER_SERVICE)),
    row("*_interface", BOTH, Harmless(OTHER_SERVICE)),
    row("*_endpoint_type", BOTH, Harmless(OTHER_SERVICE)),
    row("*_endpoint_override", BOTH, Harmless(OTHER_SERVICE)),
    row("*_endpoint", BOTH, Harmless(OTHER_SERVICE)),
    row("*_region_name", BOTH, Harmless(OTHER_SERVICE)),
    row("*_service_type", BOTH, Harmless(OTHER_SERVICE)),
    row("*_service_name", BOTH, Harmless(OTHER_SERVICE)),
    row("*_retries", CLOUD, Harmless(OTHER_SERVICE)),
    row("*_retry_delay", CLOUD, Harmless(OTHER_SERVICE)),
    row("*_retriable_status_codes", CLOUD, Harmless(OTHER_SERVICE)),
    row("*_rate_limit", CLOUD, Harmless(OTHER_SERVICE)),
    row("*_concurrency", CLOUD, Harmless(OTHER_SERVICE)),
    row("has_*", CLOUD, Harmless(OTHER_SERVICE)),
    row("*_disabled_reason", CLOUD, Harmless(OTHER_SERVICE)),
    row("rate_limit*", CLOUD, Harmless(OTHER_SERVICE)),
    row("networks", CLOUD, Harmless(OTHER_SERVICE)),
    row("external_network", CLOUD, Harmless(OTHER_SERVICE)),
    row("internal_network", CLOUD, Harmless(OTHER_SERVICE)),
    row("nat_*", CLOUD, Harmless(OTHER_SERVICE)),
    row("floating_ip_*", CLOUD, Harmless(OTHER_SERVICE)),
    row("requires_floating_ip", CLOUD, Harmless(OTHER_SERVICE)),
    row("secgroup_source", CLOUD, Harmless(OTHER_SERVICE)),
    row("image_*", BOTH, Harmless(OTHER_SERVICE)),
    row("flavor_*", VARIABLE, Harmless(OTHER_SERVICE)),
    row("object_store_*", CLOUD, Harmless(OTHER_SERVICE)),
    row("use_direct_get", CLOUD, Harmless(OTHER_SERVICE)),
    row("disable_vendor_agent", CLOUD, Harmless(OTHER_SERVICE)),
    row("autocreate_aksk", CLOUD, Harmless(OTHER_SERVICE)),
    row("swauth", BOTH, Harmless(OTHER_SERVICE)),
    row("vendor_hook", CLOUD, Harmless(OTHER_TOOL)),
    row("message", CLOUD, Harmless(OTHER_TOOL)),
    row("status", CLOUD, Harmless(OTHER_TOOL)),
    row("description", CLOUD, Harmless(OTHER_TOOL)),
    row("verbose_level", CLOUD, Harmless(OTHER_TOOL)),
    row("timing", CLOUD, Harmless(OTHER_TOOL)),
    row("debug", BOTH, Harmless(OTHER_TOOL)),
    row("cache*", BOTH, Harmless(OTHER_TOOL)),
    row("metrics", CLOUD, Harmless(OTHER_TOOL)),
    row("max_retries", BOTH, Harmless("repass has its own retries")),
    row("backoff_*", BOTH, Harmless("repass has its own retries")),
    row(
        "allow_reauth",
        ALL,
        Harmless("repass logs in again when a token ends"),
    ),
    row("no_cache", VARIABLE, Harmless(OTHER_TOOL)),
    row("cloudname", VARIABLE, Harmless(OTHER_TOOL)),
    row("activity_*", VARIABLE, Harmless(OTHER_TOOL)),
    row("test*", VARIABLE, Harmless(OTHER_TOOL)),
    row("std*", VARIABLE, Harmless(OTHER_TOOL)),
    row("log*", VARIABLE, Harmless(OTHER_TOOL)),
    row("pool_name", VARIABLE, Harmless(OTHER_TOOL)),
    row("network_id", VARIABLE, Harmless(OTHER_TOOL)),
    row("extgw_id", VARIABLE, Harmless(OTHER_TOOL)),
    row("name", VARIABLE, Harmless("it names an operating system")),
    row("type", VARIABLE, Harmless("it names an operating system")),
    row("arch", VARIABLE, Harmless("it names an operating system")),
    row("family", VARIABLE, Harmless("it names an operating system")),
    row(
        "version*",
        VARIABLE,
        Harmless("it names an operating system"),
    ),
    row(
        "release*",
        VARIABLE,
        Harmless("it names an operating system"),
    ),
    row(
        "distro*",
        VARIABLE,
        Harmless("it names an operating system"),
    ),
    row(
        "HUAWEICLOUD_SDK_DOMAIN_ID",
        VARIABLE,
        Harmless("it is for services without regions"),
    ),
    row(
        "HUAWEICLOUD_SDK_STS_ENDPOINT",
        VARIABLE,
        Harmless(OTHER_SERVICE),
    ),
    row(
        "HUAWEICLOUD_SDK_MEMORY_API_KEY",
        VARIABLE,
        Harmless(OTHER_SERVICE),
    ),
    row("HUAWEICLOUD_SECRET_NAME", VARIABLE, Harmless(OTHER_SERVICE)),
    row("HUAWEICLOUD_HTTP_TIMEOUT", VARIABLE, Harmless(OTHER_TOOL)),
    row(
        "HUAWEICLOUD_POLLING_INTERVAL",
        VARIABLE,
        Harmless(OTHER_TOOL),
    ),
    row(
        "HUAWEICLOUD_PROPAGATION_TIMEOUT",
        VARIABLE,
        Harmless(OTHER_TOOL),
    ),
    row("HUAWEICLOUD_TTL", VARIABLE, Harmless(OTHER_TOOL)),
    row(
        "HW_MAX_RETRIES",
        VARIABLE,
        Harmless("repass has its own retries"),
    ),
    row(
        "HW_ENTERPRISE_PROJECT_ID",
        VARIABLE,
        Harmless("instances are found without it"),
    ),
];

impl Name {
    fn is_at(&self, place: u8) -> bool {
        self.places & place != 0
    }

    fn is(&self, name: &str) -> bool {
        match self.name.split_once('*') {
            None => self.name == name,
            Some((start, end)) => {
                let rest = name.strip_prefix(start);
                rest.is_some_and(|rest| rest.ends_with(end))
            }
        }
    }

    /// The variable, written in full.
    pub(crate) fn variable(&self) -> Option<String> {
        let is_openstacks = self
            .name
            .starts_with(|first: char| !first.is_ascii_uppercase());
        self.is_at(VARIABLE).then(|| {
            if is_openstacks {
                format!("OS_{}", self.name.to_uppercase())
            } else {
                self.name.to_owned()
            }
        })
    }

    /// The field as people write it, such as `auth.auth_url`.
    pub(crate) fn field(&self) -> Option<String> {
        if self.is_at(AUTH) {
            Some(format!("auth.{}", self.name))
        } else {
            self.is_at(CLOUD).then(|| self.name.to_owned())
        }
    }
}

/// The row of a variable, and its rank. `None` is returned for one that no row is about.
pub(crate) fn of_variable(variable: &str) -> Option<(usize, &'static Name)> {
    let name = match variable.strip_prefix("OS_") {
        Some(name) => name.to_lowercase(),
        None => variable.to_owned(),
    };
    find(VARIABLE, &name)
}

/// The row of a field, its name written with underscores, and its rank.
pub(crate) fn of_field(level: Level, name: &str) -> Option<(usize, &'static Name)> {
    let place = match level {
        Level::Auth => AUTH,
        Level::Cloud => CLOUD,
    };
    find(place, name)
}

fn find(place: u8, name: &str) -> Option<(usize, &'static Name)> {
    let mut rows = NAMES.iter().enumerate();
    rows.find(|(_, row)| row.is_at(place) && row.is(name))
}

/// Returns whether a field of this name exists at either level.
pub(crate) fn is_field(name: &str) -> bool {
    let exact = |row: &&Name| row.is_at(FIELD) && row.name == name;
    name == "clouds" || NAMES.iter().find(exact).is_some()
}

/// The rows that set this.
pub(crate) fn names_of(which: Which) -> impl Iterator<Item = &'static Name> {
    let sets = move |row: &&Name| matches!(row.role, Sets(it) if it == which);
    NAMES.iter().filter(sets)
}
