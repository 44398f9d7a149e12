//! The settings in words.

use repass_client::Service;

use super::found::Origin;
use super::sources::option;
use super::table::{self, NAMES, Name, Role, Which};

/// The settings that `repass config` shows, and their names.
pub(crate) const SHOWN: &[(Which, &str)] = &[
    (Which::Cloud, "cloud"),
    (Which::Region, "region"),
    (Which::Endpoint(Service::Ddm), "ddm-endpoint"),
    (Which::Endpoint(Service::Dcs), "dcs-endpoint"),
    (Which::Endpoint(Service::Dms), "dms-endpoint"),
    (Which::Endpoint(Service::Iam), "iam-endpoint"),
    (Which::CaCertificates, "ca-certificates"),
    (Which::ProjectId, "project-id"),
    (Which::ProjectName, "project-name"),
    (Which::AuthType, "auth-type"),
    (Which::Token, "token"),
    (Which::AccessKey, "access-key"),
    (Which::SecretKey, "secret-key"),
    (Which::SecurityToken, "security-token"),
    (Which::Username, "username"),
    (Which::Password, "password"),
    (Which::Domain, "domain"),
];

pub(crate) fn name_of(which: Which) -> &'static str {
    let shown = SHOWN.iter().find(|(each, _)| *each == which);
    shown.map_or("", |(_, name)| name)
}

/// Returns whether a value is never shown.
pub(crate) fn is_secret(which: Which) -> bool {
    matches!(
        which,
        Which::Token | Which::SecretKey | Which::SecurityToken | Which::Password
    )
}

/// Returns whether an argument is meant to give credentials, which no option does. `--ak` and `--sk`
/// are options of Huawei's own tools.
pub(crate) fn is_credential(argument: &str) -> bool {
    let name = argument.trim_start_matches('-');
    let mut credentials = SHOWN.iter().filter(|(which, _)| option(*which).is_none());
    credentials.any(|(_, each)| *each == name) || ["ak", "sk"].contains(&name)
}

/// The common ways to set it: `--region, OS_REGION_NAME, or region_name in clouds.yaml`.
pub(crate) fn ways(which: Which) -> String {
    let variables = Origin::VARIABLES.map(|(origin, _)| variables(which, origin).next());
    let ways = option(which)
        .map(|(name, _)| name.to_owned())
        .into_iter()
        .chain(variables.into_iter().flatten())
        .collect::<Vec<_>>()
        .join(", ");
    match fields(which).next() {
        None => ways,
        Some(field) => format!("{ways}, or {field} in clouds.yaml"),
    }
}

/// The common way to set it in this source, or nothing if there is none.
pub(crate) fn ways_in(which: Which, origin: Origin) -> String {
    if origin == Origin::Files {
        let field = fields(which).next().unwrap_or_default();
        return format!("{field} in clouds.yaml");
    }
    variables(which, origin).next().unwrap_or_default()
}

fn variables(which: Which, origin: Origin) -> impl Iterator<Item = String> {
    let prefix = Origin::VARIABLES.iter().find(|(each, _)| *each == origin);
    let prefix = prefix.map_or("", |(_, prefix)| prefix);
    let variables = table::names_of(which).filter_map(|row| row.variable());
    variables.filter(move |variable| variable.starts_with(prefix))
}

fn fields(which: Which) -> impl Iterator<Item = String> {
    table::names_of(which).filter_map(|row| row.field())
}

/// The setting, and the one that stands in for it.
fn with_substitute(which: Which) -> impl Iterator<Item = Which> {
    let substitute = (which == Which::Domain).then_some(Which::CommonDomain);
    [which].into_iter().chain(substitute)
}

/// The settings and their sources, for the help.
pub(crate) fn sources() -> String {
    let mut text = "Settings, and the names that set them:\n".to_owned();
    for (which, name) in SHOWN {
        let variables = Origin::VARIABLES.map(|(origin, _)| {
            let all = with_substitute(*which).flat_map(|which| variables(which, origin));
            all.collect::<Vec<_>>().join(", ")
        });
        let option = option(*which).map(|(name, _)| name.to_owned());
        let fields = with_substitute(*which).flat_map(fields);
        let fields = fields.collect::<Vec<_>>().join(", ");
        let fields = (!fields.is_empty()).then(|| format!("{fields} in clouds.yaml"));
        let all = option
            .into_iter()
            .chain(variables.into_iter().filter(|names| !names.is_empty()))
            .chain(fields);
        let all = all.collect::<Vec<_>>();
        text += &format!("  {name}\n");
        for line in all {
            text += &format!("      {line}\n");
        }
    }
    text += RULES;
    let refused = NAMES.iter().filter_map(|row| match row.role {
        Role::Refused(next) => Some((row, next)),
        _ => None,
    });
    text += "\n\nRefused:\n";
    text += &by_reason(refused);
    let limited = NAMES.iter().filter_map(|row| match row.role {
        Role::Only(values, next) => Some((row, values, next)),
        _ => None,
    });
    for (row, values, _) in limited {
        let name = row.variable().or(row.field()).unwrap_or_default();
        text += &format!("  {name}, if it is not {}\n", values.join(" or "));
    }
    let harmless = NAMES.iter().filter_map(|row| match row.role {
        Role::Harmless(reason) => Some((row, reason)),
        _ => None,
    });
    text += "\nWithout effect:\n";
    text += by_reason(harmless).trim_end();
    text
}

/// The names, each group of them below its reason.
fn by_reason<'a>(rows: impl Iterator<Item = (&'a Name, &'static str)>) -> String {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for (row, reason) in rows {
        let name = row.variable().or(row.field()).unwrap_or_default();
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => reasons.push((reason, vec![name])),
        }
    }
    let text = reasons
        .iter()
        .map(|(reason, names)| indented(&format!("{}: {reason}", names.join(", "))));
    text.collect::<Vec<_>>().join("\n") + "\n"
}

/// The text in lines of the width of this help, the later ones indented.
fn indented(text: &str) -> String {
    const WIDTH: usize = 98;
    let mut lines = " ".to_owned();
    let mut column = lines.len();
    for word in text.split(' ') {
        if column + 1 + word.len() > WIDTH {
            lines += "\n     ";
            column = 5;
        }
        lines += &format!(" {word}");
        column += 1 + word.len();
    }
    lines
}

const RULES: &str = "
There are five sources: the options; Huawei's SDK variables (HUAWEICLOUD_…); its Terraform
variables (HW_…); OpenStack's variables (OS_…), which are also the names of fields; and a cloud
of the files, if --cloud or OS_CLOUD names one. Three groups of settings are each taken whole
from the first source that has any of the group: the target (region and endpoints), the project,
and the credentials. What another source says of a group is not used; this command shows it, and
a call at a terminal says it. A source that only repeats what the next one says changes nothing.

Credentials are never options. They belong to the operator that their own source names, by a
region or an endpoint: Huawei Cloud, Open Telekom Cloud, this machine, or the operator of
another host. They are sent nowhere else. Credentials whose source names no operator go only
where the options say; those in Huawei's variables never go to Open Telekom Cloud. A cloud that
is named has to be of the operator that is called, and what variables say has to be of its
region. OS_PASSWORD may complete a user of the files.

A region gives the endpoints, and the project of its name if no project is set. An endpoint of a
known cloud gives its region, and a region that differs is an error; the global IAM of Huawei
Cloud goes with each of its regions. For other hosts a region gives nothing: name each endpoint,
that of IAM too if a user logs in. If the endpoint is on this machine, so is IAM.

Of several kinds of credentials in one source, OS_AUTH_TYPE or auth_type takes one: password,
v3password, token or v3token. Without it a token counts before an access key, and that before a
user; but an access key outside of auth in clouds.yaml is for storage, and comes last. IAM is
asked with names: the id of a user or a domain does not replace its name.

Files, the first that is there: clouds.yaml in this folder, in ~/.config/openstack, in
/etc/openstack, or the one that OS_CLIENT_CONFIG_FILE names. Over it go the fields of
secure.yaml, found likewise, or by OS_CLIENT_SECURE_FILE, and below it those of the cloud's
profile: otc, or one of clouds-public.yaml. Without --region or OS_REGION_NAME the first of a
cloud's regions counts.

cacert and OS_CACERT name a file with the only authorities to trust. Otherwise certificates are
checked against those of the system, which SSL_CERT_FILE and SSL_CERT_DIR can replace. A value
that switches the check off is refused.";
