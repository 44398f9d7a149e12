//! The clouds, and where each has its services. The data is generated from the contract's `servers`.

use std::collections::BTreeSet;
use std::fmt;

use crate::generated::hosts::HOSTS;
use crate::{Endpoints, Service};

/// A cloud and the region of it that the instances are in.
///
/// The hosts come from the `servers` of the contract, which has them from the vendor's SDK and, for
/// Open Telekom Cloud, from its page of [regions and endpoints].
///
/// [regions and endpoints]: https://docs.otc.t-systems.com/regions-and-endpoints/index.html
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cloud {
    /// Huawei Cloud.
    HuaweiCloud {
        /// A region such as `eu-west-101`.
        region: String,
    },
    /// Open Telekom Cloud.
    OpenTelekomCloud {
        /// A region such as `eu-de`.
        region: String,
    },
}

/// Hosts of a service in some regions of a cloud; of no regions where it is the same in all.
pub(crate) struct Host {
    pub(crate) service: Service,
    pub(crate) cloud: &'static str,
    pub(crate) url: &'static str,
    pub(crate) regions: &'static [&'static str],
}

/// A region that a cloud does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .clouds.iter().map(|cloud| lists(cloud, .region)).collect::<Vec<_>>().join("; "))]
pub struct UnknownRegion {
    region: String,
    clouds: Vec<&'static str>,
}

fn lists(cloud: &str, region: &str) -> String {
    let regions: Vec<_> = regions(cloud).into_iter().collect();
    format!(
        "{cloud} has no region {region:?}, but {}",
        regions.join(", ")
    )
}

/// A service that the client does not know where to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoEndpoint {
    pub(crate) service: Service,
    pub(crate) cloud: Option<Cloud>,
}

impl fmt::Display for NoEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = self.service;
        let Some(cloud) = &self.cloud else {
            return write!(f, "the client has no endpoint for {service}");
        };
        let (name, region) = (cloud.name(), cloud.region());
        let here = HOSTS.iter().filter(|host| host.is_in(name, region));
        let here: BTreeSet<_> = here.map(|host| host.service.to_string()).collect();
        let elsewhere = HOSTS.iter().filter(|host| host.cloud == name);
        let elsewhere = elsewhere.filter(|host| host.service == service);
        let elsewhere: BTreeSet<_> = elsewhere.flat_map(|host| host.regions).copied().collect();
        write!(
            f,
            "{name} has no {service} in {region}: there it has {}, and {service} in {}",
            Vec::from_iter(here).join(", "),
            Vec::from_iter(elsewhere).join(", ")
        )
    }
}

impl std::error::Error for NoEndpoint {}

impl Cloud {
    const NAMES: [&str; 2] = ["Huawei Cloud", "Open Telekom Cloud"];

    /// The cloud that has this region: no two clouds have one of the same name.
    ///
    /// # Errors
    /// No cloud has it.
    pub fn of_region(region: &str) -> Result<Self, UnknownRegion> {
        let region = region.to_owned();
        let clouds = Self::NAMES.to_vec();
        match clouds
            .iter()
            .find(|cloud| regions(cloud).contains(&*region))
        {
            Some(&"Huawei Cloud") => Ok(Self::HuaweiCloud { region }),
            Some(_) => Ok(Self::OpenTelekomCloud { region }),
            None => Err(UnknownRegion { region, clouds }),
        }
    }

    /// Where the services are. A service that the cloud does not have there is an error of the
    /// calls that need it.
    ///
    /// # Errors
    /// The cloud does not have the region.
    pub fn endpoints(&self) -> Result<Endpoints, UnknownRegion> {
        let (name, region) = (self.name(), self.region());
        if !regions(name).contains(region) {
            let (region, clouds) = (region.to_owned(), vec![name]);
            return Err(UnknownRegion { region, clouds });
        }
        let mut endpoints = Endpoints::of_cloud(self.clone());
        // A host of all regions stands in for one of the region itself.
        let own = HOSTS.iter().filter(|host| host.is_in(name, region));
        let common = HOSTS.iter().filter(|host| host.is_everywhere(name));
        for host in common.chain(own) {
            endpoints.set(host.service, host.url.replace("{region}", region));
        }
        Ok(endpoints)
    }

    /// The regions of all clouds.
    pub fn regions() -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().flat_map(regions)
    }

    /// The name of the cloud.
    pub fn name(&self) -> &'static str {
        let [huawei_cloud, open_telekom_cloud] = Self::NAMES;
        match self {
            Self::HuaweiCloud { .. } => huawei_cloud,
            Self::OpenTelekomCloud { .. } => open_telekom_cloud,
        }
    }

    /// The region.
    pub fn region(&self) -> &str {
        match self {
            Self::HuaweiCloud { region } | Self::OpenTelekomCloud { region } => region,
        }
    }
}

impl Host {
    fn is_in(&self, cloud: &str, region: &str) -> bool {
        self.cloud == cloud && self.regions.contains(&region)
    }

    fn is_everywhere(&self, cloud: &str) -> bool {
        self.cloud == cloud && self.regions.is_empty()
    }
}

fn regions(cloud: &str) -> BTreeSet<&'static str> {
    let hosts = HOSTS.iter().filter(|host| host.cloud == cloud);
    hosts.flat_map(|host| host.regions).copied().collect()
}
