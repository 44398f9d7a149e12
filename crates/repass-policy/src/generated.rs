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
/// A password of a Redis instance: 8 to 64 characters, at least three of lower-case letters,
/// upper-case letters, digits and special characters, not the old password.
#[derive(Clone)]
pub struct DcsPassword(Secret);
secret!(DcsPassword, Policy::DCS);
/// The password that an instance has now. It has no rule: it may have been set when others
/// held.
#[derive(Clone)]
pub struct DcsOldPassword(Secret);
secret!(DcsOldPassword);
/// A password of a DDM account: 8 to 32 characters, at least three of lower-case letters,
/// upper-case letters, digits and special characters, not the name of the account or its
/// reverse, and no word of the vendor's list of weak passwords.
#[derive(Clone)]
pub struct DdmAccountPassword(Secret);
secret!(DdmAccountPassword, Policy::DDM_ACCOUNT);
/// A password of the administrator of a DDM instance: 8 to 32 characters with lower-case
/// letters, upper-case letters, digits and special characters, and no word of the vendor's
/// list of weak passwords.
#[derive(Clone)]
pub struct DdmAdminPassword(Secret);
secret!(DdmAdminPassword, Policy::DDM_ADMIN);
/// A password of a Kafka instance: 8 to 32 characters, at least three of lower-case letters,
/// upper-case letters, digits and special characters (a space is one), not starting with a
/// hyphen.
#[derive(Clone)]
pub struct DmsPassword(Secret);
secret!(DmsPassword, Policy::DMS);
