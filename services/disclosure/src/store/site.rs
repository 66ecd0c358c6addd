//! Sites as rows.

use crate::domain::site::Site;

kit::table!(Site, "sites", |site| site.division, Site::ID, site.version);
