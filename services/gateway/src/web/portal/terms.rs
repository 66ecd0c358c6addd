//! What the contract's terms are called.

use proto::disclosure::v1::{Category, Ground};

use super::super::words::Words;

const fn words(zh: &'static str, en: &'static str) -> Words {
    Words { zh, en }
}

/// 政府信息公开条例 art. 20 (1) to (15), in short.
pub fn category(of: Category) -> Words {
    match of {
        Category::Unspecified => words("", ""),
        Category::Rules => words("规章和规范性文件", "Rules and normative documents"),
        Category::Organisation => words("机关职能与机构设置", "Functions and organisation"),
        Category::Plans => words("规划与政策", "Plans and policies"),
        Category::Statistics => words("统计信息", "Statistics"),
        Category::Licensing => words("行政许可与管理服务", "Licensing and services"),
        Category::Penalties => words("行政处罚与行政强制", "Penalties and coercion"),
        Category::Budgets => words("财政预算决算", "Budgets and accounts"),
        Category::Fees => words("行政事业性收费", "Fees"),
        Category::Procurement => words("政府集中采购", "Procurement"),
        Category::Projects => words("重大建设项目", "Major construction projects"),
        Category::Welfare => words("民生保障", "Education, health, welfare, work"),
        Category::Emergencies => words("突发事件应对", "Emergencies"),
        Category::Inspections => words("监督检查", "Inspections"),
        Category::Recruitment => words("公务员招考", "Recruitment of civil servants"),
        Category::Other => words("其他应当公开的信息", "Other information"),
    }
}

/// Why something is not disclosed, with its article.
pub fn ground(of: Ground) -> Words {
    match of {
        Ground::Unspecified => words("", ""),
        Ground::StateSecret => words("国家秘密（条例第十四条）", "state secrets (art. 14)"),
        Ground::ForbiddenByLaw => words("法律、行政法规禁止公开（第十四条）", "forbidden by law (art. 14)"),
        Ground::SecurityAndStability => {
            words("可能危及国家安全、公共安全、经济安全、社会稳定（第十四条）", "security and stability (art. 14)")
        }
        Ground::TradeSecret => words("商业秘密（第十五条）", "trade secrets (art. 15)"),
        Ground::Privacy => words("个人隐私（第十五条）", "personal privacy (art. 15)"),
        Ground::InternalAffairs => words("内部事务信息（第十六条）", "internal affairs (art. 16)"),
        Ground::Process => words("过程性信息（第十六条）", "information of a process (art. 16)"),
        Ground::EnforcementFile => words("行政执法案卷信息（第十六条）", "files of law enforcement (art. 16)"),
    }
}

/// Whom a publication is for: code and words, in the order shown.
pub const SUBJECTS: [(&str, Words); 6] = [
    ("person", words("个人", "People")),
    ("enterprise", words("企业", "Enterprises")),
    ("institution", words("事业单位", "Institutions")),
    ("social", words("社会组织", "Social organisations")),
    ("organ", words("行政机关", "Administrative organs")),
    ("other", words("其他组织", "Others")),
];

/// A kind of file in a word, as its name ends.
pub fn kind(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => "PDF",
        "application/ofd" => "OFD",
        "text/plain" => "TXT",
        "text/csv" => "CSV",
        "image/png" => "PNG",
        "image/jpeg" => "JPEG",
        "image/webp" => "WebP",
        _ if media_type.ends_with("wordprocessingml.document") => "DOCX",
        _ if media_type.ends_with("spreadsheetml.sheet") => "XLSX",
        _ if media_type.ends_with("presentationml.presentation") => "PPTX",
        _ => "",
    }
}

/// 1.4 MB
pub fn size(bytes: i64) -> String {
    match bytes {
        ..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}
