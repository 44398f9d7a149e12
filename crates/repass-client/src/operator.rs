//! Who operates a host.

use std::fmt;

use reqwest::Url;

use crate::cloud::Cloud;
use crate::connections::is_loopback;
use crate::generated::hosts::HOSTS;

/// The company or machine behind an endpoint. Credentials belong to one operator.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operator {
    /// Huawei Cloud.
    HuaweiCloud,
    /// Open Telekom Cloud.
    OpenTelekomCloud,
    /// This machine, where the emulator runs.
    Loopback,
    /// Any other operator, such as a partner of Huawei: its host without the name of the service.
    Other(String),
}

/// The operator of an endpoint, and the region if the endpoint is of one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Location {
    /// The operator.
    pub operator: Operator,
    /// The region that the host of a known cloud names. The global IAM of Huawei Cloud has none.
    pub region: Option<String>,
}

impl Location {
    /// The location of an endpoint. A host is of a known cloud only if it is built exactly as the
    /// contract's hosts are: `iam.eu-ch2.sc.otc.t-systems.com` is another operator's.
    ///
    /// `None` is returned for a text that is not a URL with a host.
    pub fn of_url(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let host = url.host_str()?.trim_end_matches('.');
        if is_loopback(&url) {
            return Some(Self::without_region(Operator::Loopback));
        }
        let known = HOSTS.iter().find_map(|known| {
            let pattern = known.url.strip_prefix("https://")?;
            let region = match pattern.split_once("{region}") {
                None => (pattern == host).then_some(None)?,
                Some((_, domain)) => {
                    let (_service, region) = host.strip_suffix(domain)?.split_once('.')?;
                    let is_label = !region.is_empty() && !region.contains('.');
                    Some(is_label.then(|| region.to_owned())?)
                }
            };
            let operator = Operator::of_cloud(known.cloud);
            Some(Self { operator, region })
        });
        Some(known.unwrap_or_else(|| Self::without_region(Operator::of_other(host))))
    }

    /// The location of a region. `None` is returned if no cloud has the region.
    pub fn of_region(region: &str) -> Option<Self> {
        let cloud = Cloud::of_region(region).ok()?;
        Some(Self {
            operator: Operator::of_cloud(cloud.name()),
            region: Some(region.to_owned()),
        })
    }

    fn without_region(operator: Operator) -> Self {
        let region = None;
        Self { operator, region }
    }
}

impl Operator {
    fn of_cloud(name: &str) -> Self {
        if name == "Open Telekom Cloud" {
            Self::OpenTelekomCloud
        } else {
            Self::HuaweiCloud
        }
    }

    /// Two hosts that differ only in the name of a service are of one operator.
    fn of_other(host: &str) -> Self {
        const SERVICES: [&str; 4] = ["iam", "ddm", "dcs", "dms"];
        let site = match host.split_once('.') {
            Some((service, site)) if SERVICES.contains(&service) && site.contains('.') => site,
            _ => host,
        };
        Self::Other(site.to_owned())
    }
}

impl fmt::Display for Operator {
    /// The host of another operator is not shown: it may come from a value in the wrong place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HuaweiCloud => "Huawei Cloud",
            Self::OpenTelekomCloud => "Open Telekom Cloud",
            Self::Loopback => "this machine",
            Self::Other(_) => "another operator",
        })
    }
}
