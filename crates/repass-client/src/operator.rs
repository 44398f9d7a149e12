//! The operator of a host.

use std::fmt;
use std::net::IpAddr;

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
    /// Any other operator, such as a partner of Huawei, by its domain.
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

    /// The host without its first label, which is the name of a service. Where the rest could be a
    /// domain under which anyone has names, such as `co.uk`, it is the whole host; so it is for an
    /// address.
    fn of_other(host: &str) -> Self {
        let is_shared = |site: &str| match site.split_once('.') {
            None => true,
            Some((first, rest)) => !rest.contains('.') && first.len() < 4 && rest.len() < 4,
        };
        let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
        let site = match host.split_once('.') {
            Some((_, site)) if !is_address && !is_shared(site) => site,
            _ => host,
        };
        Self::Other(site.to_owned())
    }

    /// Returns whether two operators are the same. Two other operators are if the domain of one is
    /// below that of the other: a partner has `iam.REGION.DOMAIN`, but `dcs.DOMAIN`.
    pub fn matches(&self, other: &Self) -> bool {
        let is_below = |site: &str, domain: &str| {
            let start = site.strip_suffix(domain);
            start.is_some_and(|start| start.is_empty() || start.ends_with('.'))
        };
        match (self, other) {
            (Self::Other(one), Self::Other(two)) => is_below(one, two) || is_below(two, one),
            _ => self == other,
        }
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
