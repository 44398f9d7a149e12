//! What the codes and statuses of a refusal mean.

use std::time::Duration;

use crate::RefusalKind::{
    self, Busy, ExpiredCredentials, Forbidden, NotFound, NotRunning, PasswordFree, SslDisabled,
    Unauthenticated, WeakPassword,
};

const WRONG_OLD_PASSWORD: RefusalKind = RefusalKind::WrongOldPassword { tries_left: None };
const THROTTLED: RefusalKind = RefusalKind::Throttled { retry_after: None };

/// The documented codes, service by service, from their error tables:
/// [gateway](https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-errorcode.html),
/// [DCS](https://docs.otc.t-systems.com/distributed-cache-service/api-ref/appendix/error_codes.html),
/// [DDM](https://docs.otc.t-systems.com/distributed-database-middleware/api-ref/appendix/error_codes.html),
/// [DMS](https://docs.otc.t-systems.com/distributed-message-service/api-ref/appendix/error_codes.html).
const CODES: &[(&[&str], RefusalKind)] = &[
    // The gateway, whose codes older documents spell `APIG.`.
    (&["APIGW.0101"], NotFound),
    (&["APIGW.0301", "APIGW.0303"], Unauthenticated),
    (&["APIGW.0302", "APIGW.0305"], Forbidden),
    (&["APIGW.0307"], ExpiredCredentials),
    (&["APIGW.0308"], THROTTLED),
    // DCS
    (&["DCS.1001", "DCS.1003", "DCS.1004"], Unauthenticated),
    (&["DCS.1002"], ExpiredCredentials),
    (&["DCS.2003", "DCS.2007", "DCS.3002", "DCS.3003"], Forbidden),
    // The last one is for an id that no instance can have.
    (&["DCS.3022", "DCS.4001", "DCS.4061"], NotFound),
    (&["DCS.4019", "DCS.4845"], WeakPassword),
    (&["DCS.4026", "DCS.4049"], NotRunning),
    (&["DCS.4080"], WRONG_OLD_PASSWORD),
    (
        // A backup, a restart and the like; the last two are a change and a reset of the password.
        &[
            "DCS.4096", "DCS.4097", "DCS.4111", "DCS.4113", "DCS.4114", "DCS.4116", "DCS.4117",
            "DCS.4118", "DCS.4120", "DCS.4115", "DCS.4121",
        ],
        Busy,
    ),
    (&["DCS.4850"], PasswordFree),
    // DDM; the two of a busy instance are those at which the vendor's Terraform provider waits.
    (&["DBS.200002", "DBS.300327"], NotFound),
    (&["DBS.200019", "DBS.212033"], Busy),
    (&["DBS.300306"], WeakPassword),
    (&["DBS.300323"], NotRunning),
    // DMS
    (&["DMS.00400012", "DMS.00400019"], WeakPassword),
    (&["DMS.00400017"], Busy),
    (&["DMS.00400026"], NotRunning),
    (&["DMS.00400971"], SslDisabled),
    (&["DMS.00403002", "DMS.00403003"], Forbidden),
    // The last two are for an id that no instance can have.
    (
        &[
            "DMS.00404001",
            "DMS.00404022",
            "DMS.00400030",
            "DMS.00400061",
        ],
        NotFound,
    ),
    (
        &["DMS.10240101", "DMS.10240103", "DMS.10240104"],
        Unauthenticated,
    ),
    (&["DMS.10240102"], ExpiredCredentials),
    // It comes with a 404.
    (&["DMS.10240407"], THROTTLED),
];

/// What a status means where the code is not documented, or does not come: the table of statuses
/// that each service has.
const STATUSES: &[(u16, RefusalKind)] = &[
    (401, Unauthenticated),
    (403, Forbidden),
    (404, NotFound),
    (409, Busy),
    (429, THROTTLED),
];

impl RefusalKind {
    /// What a refusal means by its code, or else by its status.
    pub(crate) fn of(status: u16, code: Option<&str>, retry_after: Option<Duration>) -> Self {
        let code = code.map(|code| code.replace("APIG.", "APIGW."));
        let code = code.as_deref().unwrap_or_default();
        let by_code = CODES.iter().find(|(codes, _)| codes.contains(&code));
        let by_status = STATUSES.iter().find(|(each, _)| *each == status);
        let kind = by_code.map(|(_, kind)| *kind);
        match kind.or(by_status.map(|(_, kind)| *kind)) {
            Some(THROTTLED) => Self::Throttled { retry_after },
            kind => kind.unwrap_or(Self::Other),
        }
    }
}
