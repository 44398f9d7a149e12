//! Random mixes of options, variables and files, as they are left over from work with several
//! clouds, and what each of their sources says about whose its credentials are.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    reason = "a helper of tests; none of them uses all of it"
)]

use std::collections::BTreeSet;

use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// A region or a host, and whose it is.
type Owned = (&'static str, &'static str);

const HERE: &str = "HERE";

const REGIONS: &[Owned] = &[
    ("eu-de", "otc"),
    ("eu-nl", "otc"),
    ("cn-north-4", "huawei"),
    ("eu-west-101", "huawei"),
    ("eu-west-0", "huawei"),
];

const IAMS: &[Owned] = &[
    ("https://iam.eu-de.otc.t-systems.com/v3", "otc"),
    ("https://iam.eu-nl.otc.t-systems.com:443/v3", "otc"),
    ("https://iam.{region_name}.otc.t-systems.com/v3", "otc"),
    ("https://iam.cn-north-4.myhuaweicloud.com/v3", "huawei"),
    ("https://iam.myhuaweicloud.com", "huawei"),
    (
        "https://iam.eu-west-0.prod-cloud-ocb.orange-business.com/v3",
        "orange",
    ),
    ("https://iam-pub.eu-ch2.sc.otc.t-systems.com/v3", "swiss"),
    (HERE, "here"),
];

const SERVICES: &[Owned] = &[
    ("https://dcs.eu-de.otc.t-systems.com", "otc"),
    (
        "https://dcs.eu-de.otc.t-systems.com/v1.0/%(project_id)s",
        "otc",
    ),
    ("https://dcs.eu-nl.otc.t-systems.com", "otc"),
    ("https://dcs.cn-north-4.myhuaweicloud.com", "huawei"),
    (
        "https://dcs.eu-west-0.prod-cloud-ocb.orange-business.com",
        "orange",
    ),
    ("https://dcs.eu-ch2.sc.otc.t-systems.com", "swiss"),
    ("https://dcs.private.example", "private"),
    (HERE, "here"),
];

/// The owner of a host.
pub(crate) fn owner(host: &str) -> &'static str {
    let ends = [
        ("sc.otc.t-systems.com", "swiss"),
        (".otc.t-systems.com", "otc"),
        (".myhuaweicloud.com", "huawei"),
        (".myhuaweicloud.eu", "huawei"),
        (".orange-business.com", "orange"),
        ("private.example", "private"),
    ];
    let end = ends.iter().find(|(end, _)| host.ends_with(end));
    end.map_or("here", |(_, owner)| owner)
}

/// The region in a host's name.
pub(crate) fn region(host: &str) -> Option<&str> {
    let mut regions = REGIONS.iter().map(|(region, _)| *region);
    regions.find(|region| host.split('.').any(|label| label == *region))
}

/// The settings of one source.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    region: Option<Owned>,
    iam: Option<Owned>,
    service: Option<Owned>,
    project: Option<bool>,
    /// Token, access key, user, password alone.
    logins: [bool; 4],
    auth_type: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub(crate) struct Mix {
    options: Parts,
    sdk: Parts,
    terraform: Parts,
    openstack: Parts,
    cloud: Option<Parts>,
    has_profile: bool,
    lists_regions: bool,
    in_secure: bool,
}

fn parts(often: f64) -> impl Strategy<Value = Parts> {
    let any = (
        weighted(often, select(REGIONS)),
        weighted(often / 2.0, select(IAMS)),
        weighted(often / 2.0, select(SERVICES)),
        weighted(often, any::<bool>()),
        proptest::array::uniform4(proptest::bool::weighted(often / 2.0)),
        weighted(
            often / 6.0,
            select(&["password", "v3token", "token", "v3multifactor"]),
        ),
    );
    any.prop_map(|(region, iam, service, project, logins, auth_type)| Parts {
        region,
        iam,
        service,
        project,
        logins,
        auth_type,
    })
}

pub(crate) fn mixes() -> impl Strategy<Value = Mix> {
    let any = (
        parts(0.3),
        parts(0.1),
        parts(0.1),
        parts(0.5),
        weighted(0.6, parts(0.8)),
        any::<[bool; 3]>(),
    );
    any.prop_map(|(options, sdk, terraform, openstack, cloud, flags)| Mix {
        options,
        sdk,
        terraform,
        openstack,
        cloud,
        has_profile: flags[0] && flags[1],
        lists_regions: flags[1] && !flags[0],
        in_secure: flags[2],
    })
}

impl Parts {
    /// The owners that the source names, by its endpoints, or else by its region.
    fn owners(&self, has_iam: bool, has_service: bool) -> BTreeSet<&'static str> {
        let iam = self.iam.filter(|_| has_iam);
        let service = self.service.filter(|_| has_service);
        let named: BTreeSet<_> = iam
            .iter()
            .chain(&service)
            .map(|(_, owner)| *owner)
            .collect();
        if named.is_empty() {
            return self.region.iter().map(|(_, owner)| *owner).collect();
        }
        named
    }
}

impl Mix {
    /// The options of a call, and of `repass config`.
    pub(crate) fn options(&self, here: &str) -> String {
        let Parts {
            region,
            iam,
            service,
            project,
            ..
        } = &self.options;
        let mut words = String::new();
        let named = [
            ("--region", region),
            ("--iam-endpoint", iam),
            ("--endpoint", service),
        ];
        for (name, value) in named {
            if let Some((value, _)) = value {
                words += &format!(" {name} {}", value.replace(HERE, here));
            }
        }
        match project {
            Some(true) => words += " --project-id id-options",
            Some(false) => words += " --project-name name-options",
            None => {}
        }
        if self.cloud.is_some() {
            words += " --cloud c";
        }
        words
    }

    pub(crate) fn variables(&self, here: &str) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        let mut set = |name: &str, value: &str| {
            variables.push((name.to_owned(), value.replace(HERE, here)));
        };
        let sdk = &self.sdk;
        if let Some((region, _)) = sdk.region {
            set("HUAWEICLOUD_SDK_REGION", region);
        }
        if let Some((iam, _)) = sdk.iam {
            set("HUAWEICLOUD_SDK_IAM_ENDPOINT", iam);
        }
        if sdk.project.is_some() {
            set("HUAWEICLOUD_SDK_PROJECT_ID", "id-sdk");
        }
        if sdk.logins[1] {
            set("HUAWEICLOUD_SDK_AK", "key-sdk");
            set("HUAWEICLOUD_SDK_SK", "secret-sdk");
        }
        let terraform = &self.terraform;
        if let Some((region, _)) = terraform.region {
            set("HW_REGION_NAME", region);
        }
        if let Some((iam, _)) = terraform.iam {
            set("HW_AUTH_URL", iam);
        }
        if terraform.project.is_some() {
            set("HW_PROJECT_NAME", "name-terraform");
        }
        if terraform.logins[1] {
            set("HW_ACCESS_KEY", "key-terraform");
            set("HW_SECRET_KEY", "secret-terraform");
        }
        if terraform.logins[2] {
            set("HW_USER_NAME", "user-terraform");
            set("HW_USER_PASSWORD", "password-terraform");
            set("HW_DOMAIN_NAME", "domain-terraform");
        }
        for (name, value) in self.openstack.fields("os") {
            let name = name.trim_start_matches("auth.").to_uppercase();
            set(&format!("OS_{name}"), value.as_str().unwrap_or_default());
        }
        variables
    }

    /// The files, as names and texts.
    pub(crate) fn files(&self, here: &str) -> Vec<(&'static str, String)> {
        let Some(cloud) = &self.cloud else {
            return Vec::new();
        };
        let (mut public, mut secure) = (json!({}), json!({}));
        for (name, value) in cloud.fields("c") {
            let is_secret = ["auth.token", "auth.secret_key", "auth.password"].contains(&name);
            let file = if is_secret && self.in_secure {
                &mut secure
            } else {
                &mut public
            };
            match name.strip_prefix("auth.") {
                Some(name) => file["auth"][name] = value,
                None if name == "region_name" && self.lists_regions => {
                    let is_huaweis = cloud.region.is_some_and(|(_, owner)| owner == "huawei");
                    let second = if is_huaweis { "eu-west-101" } else { "eu-nl" };
                    file["regions"] = json!([value, second]);
                }
                None => file[name] = value,
            }
        }
        if self.has_profile {
            public["profile"] = "otc".into();
        }
        let text = |cloud: Value| {
            json!({"clouds": {"c": cloud}})
                .to_string()
                .replace(HERE, here)
        };
        vec![("clouds.yaml", text(public)), ("secure.yaml", text(secure))]
    }

    /// Returns whether credentials that end with the name of their source may have reached a host. It
    /// is written apart from the code of the command.
    pub(crate) fn may_get(&self, host: &str, credentials: &str) -> bool {
        let label = credentials.rsplit('-').next().unwrap_or_default();
        let owner = owner(host);
        let only = |owners: BTreeSet<&'static str>| owners.into_iter().eq([owner]);
        let options = self.options.owners(true, true);
        let by_options = options.contains(owner);
        let of = |owners: BTreeSet<&'static str>, by_options: bool| {
            if owners.is_empty() {
                by_options
            } else {
                only(owners)
            }
        };
        match label {
            "sdk" | "terraform" => {
                let parts = if label == "sdk" {
                    &self.sdk
                } else {
                    &self.terraform
                };
                let owners = parts.owners(true, false);
                let by_region = owner == "huawei";
                of(owners, owner != "otc" && (by_options || by_region))
            }
            "os" => {
                let owners = self.openstack.owners(true, true);
                // A password of the environment may be of a user of the files.
                let completes = owners.is_empty() && credentials.contains("user-c");
                of(owners, by_options) || (completes && self.may_get(host, "user-c"))
            }
            "c" => match &self.cloud {
                None => false,
                Some(cloud) => {
                    let mut owners = cloud.owners(true, true);
                    if self.has_profile && cloud.iam.is_none() {
                        let services = cloud.service.iter().map(|(_, owner)| *owner);
                        owners = services.chain(["otc"]).collect();
                    }
                    of(owners, by_options)
                }
            },
            _ => false,
        }
    }
}

impl Parts {
    /// The fields of OpenStack's, each value with the name of its source at its end.
    fn fields(&self, source: &str) -> Vec<(&'static str, Value)> {
        let mut fields: Vec<(&'static str, Value)> = Vec::new();
        let mut set = |name, value: &str| fields.push((name, value.into()));
        if let Some((region, _)) = self.region {
            set("region_name", region);
        }
        if let Some((iam, _)) = self.iam {
            set("auth.auth_url", iam);
        }
        if let Some((service, _)) = self.service {
            set("dcs_endpoint_override", service);
        }
        match self.project {
            Some(true) => set("auth.project_id", &format!("id-{source}")),
            Some(false) => set("auth.project_name", &format!("name-{source}")),
            None => {}
        }
        let [token, key, user, password] = self.logins;
        if token {
            set("auth.token", &format!("token-{source}"));
        }
        if key {
            set("auth.access_key", &format!("key-{source}"));
            set("auth.secret_key", &format!("secret-{source}"));
        }
        if user {
            set("auth.username", &format!("user-{source}"));
            set("auth.user_domain_name", &format!("domain-{source}"));
        }
        if password || (user && source == "os") {
            set("auth.password", &format!("password-{source}"));
        }
        if let Some(kind) = self.auth_type {
            set("auth_type", kind);
        }
        fields
    }
}
