//! The settings of a call, and where each comes from: a flag before the environment before the
//! file, each setting by itself, but for what completes an access key or a user.

use std::env::VarError;
use std::fmt;
use std::path::PathBuf;

use repass_client::{ProjectId, ProjectName, Secret, Service};

use crate::arguments::Access;
use crate::clouds;
use crate::failure::Failure;

/// Something that can be set.
pub(crate) struct Setting {
    pub(crate) which: Which,
    pub(crate) name: &'static str,
    flag: Option<Flag>,
    /// The first one that is set and not empty counts.
    variables: &'static [&'static str],
    /// The fields of a cloud in clouds.yaml; the first one that is there counts.
    fields: &'static [&'static str],
    pub(crate) secret: bool,
    /// The leading setting that it completes. It has to come from the same place: what was set
    /// elsewhere belongs to another key or user, and a few wrong tries lock those.
    pub(crate) completes: Option<Which>,
    /// Whether the environment may complete a cloud of the files with it, as OpenStack's users do.
    completes_files: bool,
}

/// An option, and how it is found among the arguments.
type Flag = (&'static str, fn(&Access) -> Option<&str>);

/// Which setting it is.
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
}

const NOTHING: Setting = Setting {
    which: Which::Cloud,
    name: "",
    flag: None,
    variables: &[],
    fields: &[],
    secret: false,
    completes: None,
    completes_files: false,
};

/// The variables are those of Huawei's SDKs, then those of OpenStack's tools and of the Terraform
/// provider of Open Telekom Cloud; the fields are those of openstacksdk and its extensions for that
/// cloud.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        which: Which::Cloud,
        name: "cloud",
        flag: Some(("--cloud", |access| access.cloud.as_deref())),
        variables: &["OS_CLOUD"],
        ..NOTHING
    },
    Setting {
        which: Which::Region,
        name: "region",
        flag: Some(("--region", |access| access.region.as_deref())),
        variables: &["OS_REGION_NAME"],
        fields: &["region_name"],
        ..NOTHING
    },
    Setting {
        which: Which::Endpoint(Service::Ddm),
        name: "ddm-endpoint",
        flag: Some(ENDPOINT),
        variables: &["OS_DDM_ENDPOINT_OVERRIDE"],
        fields: &["ddm_endpoint_override"],
        ..NOTHING
    },
    Setting {
        which: Which::Endpoint(Service::Dcs),
        name: "dcs-endpoint",
        flag: Some(ENDPOINT),
        variables: &["OS_DCS_ENDPOINT_OVERRIDE"],
        fields: &["dcs_endpoint_override"],
        ..NOTHING
    },
    Setting {
        which: Which::Endpoint(Service::Dms),
        name: "dms-endpoint",
        flag: Some(ENDPOINT),
        variables: &["OS_DMS_ENDPOINT_OVERRIDE"],
        fields: &["dms_endpoint_override"],
        ..NOTHING
    },
    Setting {
        which: Which::Endpoint(Service::Iam),
        name: "iam-endpoint",
        flag: Some(("--iam-endpoint", |access| access.iam_endpoint.as_deref())),
        variables: &["HUAWEICLOUD_SDK_IAM_ENDPOINT", "OS_AUTH_URL"],
        fields: &["auth.auth_url"],
        ..NOTHING
    },
    Setting {
        which: Which::ProjectId,
        name: "project-id",
        flag: Some(("--project-id", |access| {
            access.project_id.as_ref().map(ProjectId::as_str)
        })),
        variables: &[
            "HUAWEICLOUD_SDK_PROJECT_ID",
            "OS_PROJECT_ID",
            "OS_TENANT_ID",
        ],
        fields: &["auth.project_id"],
        ..NOTHING
    },
    Setting {
        which: Which::ProjectName,
        name: "project-name",
        flag: Some(("--project-name", |access| {
            access.project_name.as_ref().map(ProjectName::as_str)
        })),
        variables: &["OS_PROJECT_NAME", "OS_TENANT_NAME"],
        fields: &["auth.project_name"],
        ..NOTHING
    },
    Setting {
        which: Which::Token,
        name: "token",
        variables: &["OS_TOKEN", "OS_AUTH_TOKEN"],
        fields: &["auth.token"],
        secret: true,
        ..NOTHING
    },
    Setting {
        which: Which::AccessKey,
        name: "access-key",
        variables: &["HUAWEICLOUD_SDK_AK", "OS_ACCESS_KEY"],
        fields: &["auth.ak", "auth.access_key"],
        ..NOTHING
    },
    Setting {
        which: Which::SecretKey,
        name: "secret-key",
        variables: &["HUAWEICLOUD_SDK_SK", "OS_SECRET_KEY"],
        fields: &["auth.sk", "auth.secret_key"],
        secret: true,
        completes: Some(Which::AccessKey),
        ..NOTHING
    },
    Setting {
        which: Which::SecurityToken,
        name: "security-token",
        variables: &["HUAWEICLOUD_SDK_SECURITY_TOKEN", "OS_SECURITY_TOKEN"],
        fields: &["auth.security_token"],
        secret: true,
        completes: Some(Which::AccessKey),
        ..NOTHING
    },
    Setting {
        which: Which::Username,
        name: "username",
        variables: &["OS_USERNAME"],
        fields: &["auth.username"],
        ..NOTHING
    },
    Setting {
        which: Which::Password,
        name: "password",
        variables: &["OS_PASSWORD"],
        fields: &["auth.password"],
        secret: true,
        completes: Some(Which::Username),
        completes_files: true,
        ..NOTHING
    },
    Setting {
        which: Which::Domain,
        name: "domain",
        variables: &["OS_USER_DOMAIN_NAME", "OS_DOMAIN_NAME"],
        fields: &["auth.user_domain_name", "auth.domain_name"],
        completes: Some(Which::Username),
        ..NOTHING
    },
];

/// It is the endpoint of whichever service the verb is for.
const ENDPOINT: Flag = ("--endpoint", |access| access.endpoint.as_deref());

/// Whether the option would give credentials, which none does. `--ak` and `--sk` are what Huawei's
/// own tools call them.
pub(crate) fn is_credential(option: &str) -> bool {
    let name = option.trim_start_matches('-');
    let mut credentials = SETTINGS.iter().filter(|setting| setting.flag.is_none());
    credentials.any(|setting| setting.name == name) || ["ak", "sk"].contains(&name)
}

/// Whether the files have such a field, or a setting below it.
pub(crate) fn is_field(name: &str) -> bool {
    let mut fields = SETTINGS.iter().flat_map(|setting| setting.fields);
    name == "clouds" || fields.any(|field| field.split('.').any(|part| part == name))
}

/// The settings and their sources, for the help.
pub(crate) fn sources() -> String {
    let mut told = "Settings, and where each comes from, the first that says it:\n".to_owned();
    for setting in SETTINGS {
        told += &format!("  {}\n      {}\n", setting.name, setting.ways());
    }
    told + "
Files, the first that is there: clouds.yaml in this folder, in ~/.config/openstack, in
/etc/openstack, or the one that OS_CLIENT_CONFIG_FILE names. Over it go the fields of secure.yaml,
found likewise, or by OS_CLIENT_SECURE_FILE. The file is read only if a cloud is named.

Credentials are never options. With more than one kind the one from the stronger source counts; on
a tie a token, then an access key, then a user. What completes an access key or a user has to come
from where that one comes from: from Huawei's variables, from OpenStack's, or from the files. Only
the password of a user in the files may be OS_PASSWORD, where the files have none for it. The domain
is given by its name; OS_USER_DOMAIN_ID is not read.

A region gives the endpoints, which count as much as the region does: an endpoint from a weaker
source may be of another region, and is not used. It gives the project of its name, too, if no
other one is set. If each endpoint of a service is on this machine, it is that of IAM, too, unless
IAM has one from a source that is as strong."
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Flag(&'static str),
    Variable(&'static str),
    File {
        path: PathBuf,
        line: u64,
        /// Such as `clouds.otc.auth.token`.
        field: String,
    },
    /// It follows from another setting.
    Setting(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::File { path, line, field } => {
                write!(f, "{}, line {line}, field {field}", path.display())
            }
            Self::Setting(name) => write!(f, "the {name}"),
        }
    }
}

/// Where settings stand together that were made together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Options,
    HuaweisVariables,
    OpenStacksVariables,
    /// clouds.yaml and secure.yaml: one cloud stands in both.
    Files,
}

impl Place {
    /// The first one that has a setting counts.
    const ALL: [Self; 4] = [
        Self::Options,
        Self::HuaweisVariables,
        Self::OpenStacksVariables,
        Self::Files,
    ];

    fn of_variable(name: &str) -> Self {
        match name.starts_with("HUAWEICLOUD_") {
            true => Self::HuaweisVariables,
            false => Self::OpenStacksVariables,
        }
    }

    /// The stronger one has the lower number. The environment is one source.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Self::Options => 0,
            Self::HuaweisVariables | Self::OpenStacksVariables => 1,
            Self::Files => 2,
        }
    }
}

/// A value that is in force. Any could be a secret by mistake, so none has a `Display`.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) value: Secret,
    pub(crate) source: Source,
    pub(crate) place: Place,
}

impl Setting {
    pub(crate) fn of(which: Which) -> &'static Self {
        let setting = SETTINGS.iter().find(|setting| setting.which == which);
        // Each is in the table.
        setting.unwrap_or(&NOTHING)
    }

    /// The ways to set it: `--region, OS_REGION_NAME, or region_name in clouds.yaml`.
    pub(crate) fn ways(&self) -> String {
        let flag = self.flag.iter().map(|(flag, _)| *flag);
        let variables = self.variables.iter().copied();
        let ways: Vec<_> = flag.chain(variables).collect();
        let (ways, fields) = (ways.join(", "), self.fields.join(" or "));
        match fields.is_empty() {
            true => ways,
            false => format!("{ways}, or {fields} in clouds.yaml"),
        }
    }

    /// The ways to set it beside a leading setting from there.
    pub(crate) fn ways_beside(&self, leading: Place) -> String {
        let places = Place::ALL.into_iter().rev();
        let places = places.filter(|place| self.goes_with(*place, leading));
        let ways = places.map(|place| match place {
            Place::Files => format!("{} in clouds.yaml", self.fields.join(" or ")),
            _ => self.variables_in(place).collect::<Vec<_>>().join(" or "),
        });
        ways.collect::<Vec<_>>().join(", or ")
    }

    /// The value from the strongest place that has one.
    pub(crate) fn find(
        &self,
        access: &Access,
        file: Option<&clouds::Cloud>,
    ) -> Result<Option<Found>, Failure> {
        self.find_first(Place::ALL, access, file)
    }

    /// The value that goes with a leading setting from there.
    pub(crate) fn find_beside(
        &self,
        leading: Place,
        access: &Access,
        file: Option<&clouds::Cloud>,
    ) -> Result<Option<Found>, Failure> {
        // The files' own password before that of the environment.
        let places = Place::ALL.into_iter().rev();
        let places = places.filter(|place| self.goes_with(*place, leading));
        self.find_first(places, access, file)
    }

    fn goes_with(&self, place: Place, leading: Place) -> bool {
        let is_exception =
            self.completes_files && (place, leading) == (Place::OpenStacksVariables, Place::Files);
        place == leading || is_exception
    }

    fn find_first(
        &self,
        places: impl IntoIterator<Item = Place>,
        access: &Access,
        file: Option<&clouds::Cloud>,
    ) -> Result<Option<Found>, Failure> {
        for place in places {
            let found = match place {
                Place::Options => self.option(access),
                Place::HuaweisVariables | Place::OpenStacksVariables => self.variable(place)?,
                Place::Files => self.field(file)?,
            };
            if let Some((value, source)) = found {
                return Ok(Some(Found {
                    value,
                    source,
                    place,
                }));
            }
        }
        Ok(None)
    }

    fn option(&self, access: &Access) -> Option<(Secret, Source)> {
        let (flag, get) = self.flag?;
        Some((get(access)?.into(), Source::Flag(flag)))
    }

    fn variables_in(&self, place: Place) -> impl Iterator<Item = &'static str> {
        let variables = self.variables.iter().copied();
        variables.filter(move |variable| Place::of_variable(variable) == place)
    }

    fn variable(&self, place: Place) -> Result<Option<(Secret, Source)>, Failure> {
        for variable in self.variables_in(place) {
            match std::env::var(variable).map(Secret::from) {
                Ok(value) if value.expose().is_empty() => {}
                Ok(value) => return Ok(Some((value, Source::Variable(variable)))),
                Err(VarError::NotPresent) => {}
                // The error itself would repeat it.
                Err(VarError::NotUnicode(_)) => {
                    let line = format!("{variable} is not UTF-8");
                    return Err(Failure::usage(line, "set it to a text, or unset it"));
                }
            }
        }
        Ok(None)
    }

    fn field(&self, file: Option<&clouds::Cloud>) -> Result<Option<(Secret, Source)>, Failure> {
        let Some(file) = file else {
            return Ok(None);
        };
        for field in self.fields {
            if let Some(found) = file.field(field)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}
