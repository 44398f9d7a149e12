//! Where each cloud has its services.
#![allow(clippy::unwrap_used, reason = "the steps are part of the tests")]

use insta::assert_snapshot;
use repass_client::{Cloud, Endpoints, InvalidCertificates, Location, Service};

const SERVICES: [Service; 4] = [Service::Ddm, Service::Dcs, Service::Dms, Service::Iam];

/// The URL of each service, or why there is none.
fn urls(cloud: &Cloud) -> String {
    let endpoints = cloud.endpoints().unwrap();
    let url = |service| match endpoints.url(service) {
        Ok(url) => format!("{service} {url}"),
        Err(error) => format!("{service} {error}"),
    };
    SERVICES.map(url).join("\n")
}

fn huawei(region: &str) -> Cloud {
    let region = region.to_owned();
    Cloud::HuaweiCloud { region }
}

fn telekom(region: &str) -> Cloud {
    let region = region.to_owned();
    Cloud::OpenTelekomCloud { region }
}

#[test]
fn a_region_has_its_hosts() {
    assert_snapshot!(urls(&telekom("eu-de")), @"
    DDM https://ddm.eu-de.otc.t-systems.com
    DCS https://dcs.eu-de.otc.t-systems.com
    DMS https://dms.eu-de.otc.t-systems.com
    IAM https://iam.eu-de.otc.t-systems.com
    ");
    assert_snapshot!(urls(&huawei("cn-north-4")), @"
    DDM https://ddm.cn-north-4.myhuaweicloud.com
    DCS https://dcs.cn-north-4.myhuaweicloud.com
    DMS https://dms.cn-north-4.myhuaweicloud.com
    IAM https://iam.cn-north-4.myhuaweicloud.com
    ");
    // Dublin has a domain of its own for all but DCS.
    assert_snapshot!(urls(&huawei("eu-west-101")), @"
    DDM https://ddm.eu-west-101.myhuaweicloud.eu
    DCS https://dcs.eu-west-101.myhuaweicloud.com
    DMS https://dms.eu-west-101.myhuaweicloud.eu
    IAM https://iam.eu-west-101.myhuaweicloud.eu
    ");
}

#[test]
fn a_service_that_a_region_lacks_is_told_with_what_there_is() {
    assert_snapshot!(urls(&telekom("eu-nl")), @"
    DDM Open Telekom Cloud has no DDM in eu-nl: there it has DCS, DMS, IAM, and DDM in eu-de
    DCS https://dcs.eu-nl.otc.t-systems.com
    DMS https://dms.eu-nl.otc.t-systems.com
    IAM https://iam.eu-nl.otc.t-systems.com
    ");
    // A region without an IAM of its own uses the common one.
    assert_snapshot!(urls(&huawei("af-north-1")), @"
    DDM Huawei Cloud has no DDM in af-north-1: there it has DCS, DMS, and DDM in ae-ad-1, ap-southeast-1, ap-southeast-3, cn-east-2, cn-east-3, cn-north-1, cn-north-4, cn-north-9, cn-south-1, cn-south-2, cn-southwest-2, eu-west-101, la-north-2, la-south-2, my-kualalumpur-1, ru-moscow-1, sa-brazil-1
    DCS https://dcs.af-north-1.myhuaweicloud.com
    DMS https://dms.af-north-1.myhuaweicloud.com
    IAM https://iam.myhuaweicloud.com
    ");
}

#[test]
fn an_unknown_region_is_told_with_those_there_are() {
    let error = telekom("eu-west-101").endpoints().unwrap_err();
    assert_snapshot!(error, @r#"Open Telekom Cloud has no region "eu-west-101", but eu-de, eu-nl"#);
    assert!(huawei("eu-de").endpoints().is_err());
    assert_snapshot!(Cloud::of_region("EU-DE").unwrap_err());
}

#[test]
fn the_cloud_is_found_by_its_region() {
    assert_eq!(Cloud::of_region("eu-de").unwrap(), telekom("eu-de"));
    assert_eq!(
        Cloud::of_region("eu-west-101").unwrap(),
        huawei("eu-west-101")
    );
}

#[test]
fn an_endpoint_of_ones_own_overrides_the_clouds() {
    let endpoints = telekom("eu-nl").endpoints().unwrap();
    let endpoints: Endpoints = endpoints.ddm("https://ddm.example.com/").unwrap();
    assert_eq!(
        endpoints.url(Service::Ddm).unwrap(),
        "https://ddm.example.com"
    );
    assert_eq!(
        endpoints.url(Service::Dcs).unwrap(),
        "https://dcs.eu-nl.otc.t-systems.com"
    );
}

#[test]
fn a_host_has_an_operator() {
    let operators = [
        "https://iam.eu-de.otc.t-systems.com:443/v3",
        "https://DMS.eu-nl.otc.t-systems.com.",
        "https://dcs.eu-west-101.myhuaweicloud.com/v2",
        "https://dms.eu-west-101.myhuaweicloud.eu",
        "https://iam.myhuaweicloud.com/v3",
        "https://dcs.xx-new-1.myhuaweicloud.com",
        "https://iam-pub.eu-ch2.sc.otc.t-systems.com/v3",
        "https://iam.eu-west-0.prod-cloud-ocb.orange-business.com/v3",
        "https://dcs.eu-west-0.prod-cloud-ocb.orange-business.com",
        "https://iam.eu-de.otc.t-systems.com.example",
        "https://myhuaweicloud.com",
        "https://iam.example",
        "http://127.0.0.1:8080",
        "https://localhost",
        "http://[::1]:1",
        "eu-de",
    ];
    let told = operators.map(|url| match Location::of_url(url) {
        None => format!("{url}: -"),
        Some(Location {
            operator, region, ..
        }) => {
            let region = region.unwrap_or_else(|| "-".to_owned());
            format!("{url}: {operator:?}, region {region}")
        }
    });
    assert_snapshot!(told.join("\n"), @r#"
    https://iam.eu-de.otc.t-systems.com:443/v3: OpenTelekomCloud, region eu-de
    https://DMS.eu-nl.otc.t-systems.com.: OpenTelekomCloud, region eu-nl
    https://dcs.eu-west-101.myhuaweicloud.com/v2: HuaweiCloud, region eu-west-101
    https://dms.eu-west-101.myhuaweicloud.eu: HuaweiCloud, region eu-west-101
    https://iam.myhuaweicloud.com/v3: HuaweiCloud, region -
    https://dcs.xx-new-1.myhuaweicloud.com: HuaweiCloud, region xx-new-1
    https://iam-pub.eu-ch2.sc.otc.t-systems.com/v3: Other("eu-ch2.sc.otc.t-systems.com"), region -
    https://iam.eu-west-0.prod-cloud-ocb.orange-business.com/v3: Other("eu-west-0.prod-cloud-ocb.orange-business.com"), region -
    https://dcs.eu-west-0.prod-cloud-ocb.orange-business.com: Other("eu-west-0.prod-cloud-ocb.orange-business.com"), region -
    https://iam.eu-de.otc.t-systems.com.example: Other("eu-de.otc.t-systems.com.example"), region -
    https://myhuaweicloud.com: Other("myhuaweicloud.com"), region -
    https://iam.example: Other("iam.example"), region -
    http://127.0.0.1:8080: Loopback, region -
    https://localhost: Loopback, region -
    http://[::1]:1: Loopback, region -
    eu-de: -
    "#);
    assert_eq!(
        Location::of_region("eu-nl"),
        Location::of_url("https://iam.eu-nl.otc.t-systems.com")
    );
    assert_eq!(Location::of_region("nowhere"), None);
}

#[test]
fn hosts_below_one_domain_are_of_one_operator() {
    let operator = |host: &str| {
        Location::of_url(&format!("https://{host}"))
            .unwrap()
            .operator
    };
    for (one, two, expected) in [
        (
            "iam.eu-west-0.partner.example",
            "dcs.eu-west-0.partner.example",
            true,
        ),
        ("iam.eu-west-0.partner.example", "dcs.partner.example", true),
        (
            "iam-pub.eu-ch2.sc.otc.t-systems.com",
            "dcs.eu-ch2.sc.otc.t-systems.com",
            true,
        ),
        ("identity.partner.example", "redis.partner.example", true),
        ("iam.partner.example", "dcs.other.example", false),
        (
            "iam.eu-west-0.partner.example",
            "dcs.eu-west-1.partner.example",
            false,
        ),
        ("iam.partner.co.uk", "dcs.other.co.uk", false),
        ("partner.co.uk", "other.co.uk", false),
        ("10.0.0.1", "11.0.0.1", false),
        ("10.0.0.1", "0.0.1.example", false),
        ("[2001:db8::1]", "[2001:db8::2]", false),
        ("partner.example", "other.example", false),
        (
            "iam.eu-de.otc.t-systems.com",
            "dcs.eu-ch2.sc.otc.t-systems.com",
            false,
        ),
        (
            "iam.eu-de.otc.t-systems.com",
            "dcs.eu-nl.otc.t-systems.com",
            true,
        ),
    ] {
        let (first, second) = (operator(one), operator(two));
        assert_eq!(first.matches(&second), expected, "{one} {two}");
        assert_eq!(second.matches(&first), expected, "{two} {one}");
    }
}

#[test]
fn a_text_without_certificates_is_not_an_authority() {
    for text in [
        "",
        "a",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        assert_eq!(
            Endpoints::new().with_ca(text).unwrap_err(),
            InvalidCertificates,
            "{text}"
        );
    }
}
