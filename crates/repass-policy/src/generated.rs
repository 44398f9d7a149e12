// Generated from openapi/*.yaml by `cargo xtask codegen`. Do not edit.

use crate::policy::{Alphabet, DenyList, Policy};
use crate::secret::{Secret, secret};
impl Policy {
    /// Every policy of the contract, file by file.
    pub const ALL: &[&Policy] = &[
        Self::DCS,
        Self::DDM_ACCOUNT,
        Self::DDM_ADMIN,
        Self::DMS,
    ];
    /// The rules of [`DcsPassword`](crate::DcsPassword).
    pub const DCS: &Policy = &Policy {
        name: "dcs",
        min_length: 8,
        max_length: 64,
        min_classes: 3,
        alphabet: Alphabet::new("`~!@#$%^&*()-_=+\\|{},<.>/?"),
        forbidden_first: "",
        not_username: false,
        not_old: true,
        deny_list: DenyList::new(&[]),
    };
    /// The rules of [`DdmAccountPassword`](crate::DdmAccountPassword).
    pub const DDM_ACCOUNT: &Policy = &Policy {
        name: "ddm-account",
        min_length: 8,
        max_length: 32,
        min_classes: 3,
        alphabet: Alphabet::new("~!@#%^*-_+?"),
        forbidden_first: "",
        not_username: true,
        not_old: false,
        deny_list: DenyList::new(
            &[
                "123@Root",
                "123@test",
                "Admin!@#",
                "Admin123",
                "Admin123!",
                "Admin123#",
                "Admin123@",
                "Admin@123",
                "Admin_123",
                "Password123",
                "Password123!",
                "Password@123",
                "Password_123",
                "Root123!",
                "Root123#",
                "Root123@",
                "Root@123",
                "Root_123",
                "abcd1234!",
                "abcd@1234",
                "abcd_1234",
                "admin123!",
                "admin123#",
                "admin123@",
                "admin@123",
                "admin_123",
                "root123!",
                "root123#",
                "root123@",
                "root@123",
                "root_123",
                "test123!",
                "test123#",
                "test123@",
                "test@123",
                "test_123",
            ],
        ),
    };
    /// The rules of [`DdmAdminPassword`](crate::DdmAdminPassword).
    pub const DDM_ADMIN: &Policy = &Policy {
        name: "ddm-admin",
        min_length: 8,
        max_length: 32,
        min_classes: 4,
        alphabet: Alphabet::new("~!@#%^*-_=+?"),
        forbidden_first: "",
        not_username: false,
        not_old: false,
        deny_list: DenyList::new(
            &[
                "123@Root",
                "123@test",
                "Admin!@#",
                "Admin123",
                "Admin123!",
                "Admin123#",
                "Admin123@",
                "Admin@123",
                "Admin_123",
                "Password123",
                "Password123!",
                "Password@123",
                "Password_123",
                "Root123!",
                "Root123#",
                "Root123@",
                "Root@123",
                "Root_123",
                "abcd1234!",
                "abcd@1234",
                "abcd_1234",
                "admin123!",
                "admin123#",
                "admin123@",
                "admin@123",
                "admin_123",
                "root123!",
                "root123#",
                "root123@",
                "root@123",
                "root_123",
                "test123!",
                "test123#",
                "test123@",
                "test@123",
                "test_123",
            ],
        ),
    };
    /// The rules of [`DmsPassword`](crate::DmsPassword).
    pub const DMS: &Policy = &Policy {
        name: "dms",
        min_length: 8,
        max_length: 32,
        min_classes: 3,
        alphabet: Alphabet::new("`~!@#$%^&*()-_=+\\|[{}];:'\",<.>/? "),
        forbidden_first: "-",
        not_username: false,
        not_old: false,
        deny_list: DenyList::new(&[]),
    };
}
/// The password that a Redis instance gets. A change refuses the one that the instance has
/// already. `x-password-policy` has the rules.
#[derive(Clone)]
pub struct DcsPassword(Secret);
secret!(DcsPassword, Policy::DCS);
/// The password that an instance has now. It has no rule: it may have been set when others
/// held.
#[derive(Clone)]
pub struct DcsOldPassword(Secret);
secret!(DcsOldPassword);
/// The password that a DDM account gets. It is compared with the name of the account and with
/// the vendor's list of weak passwords. `x-password-policy` has the rules.
#[derive(Clone)]
pub struct DdmAccountPassword(Secret);
secret!(DdmAccountPassword, Policy::DDM_ACCOUNT);
/// The password that the administrator of a DDM instance gets. It is compared with the
/// vendor's list of weak passwords. `x-password-policy` has the rules.
#[derive(Clone)]
pub struct DdmAdminPassword(Secret);
secret!(DdmAdminPassword, Policy::DDM_ADMIN);
/// The password that a Kafka instance with SSL gets. `x-password-policy` has the rules.
#[derive(Clone)]
pub struct DmsPassword(Secret);
secret!(DmsPassword, Policy::DMS);
/// A password that may be the current one. It has no rule.
#[derive(Clone)]
pub struct CandidatePassword(Secret);
secret!(CandidatePassword);
/// The password of an IAM user. It exists already, so it has no rule here.
#[derive(Clone)]
pub struct IamPassword(Secret);
secret!(IamPassword);
/// A token that is exchanged for another one.
#[derive(Clone)]
pub struct IamToken(Secret);
secret!(IamToken);
