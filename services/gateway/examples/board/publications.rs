//! What the county publishes: a guide of each of its items, the decisions of a week, notices.

use std::{collections::HashMap, fs, path::Path};

use jiff::{ToSpan, civil::date};
use kit::{serve::OpenError, testing::moment};
use proto::{directory::v1 as directory, disclosure::v1 as pb, intake::v1 as intake};
use serde_json::Value;

use super::{
    DIVISION,
    hall::{County, Hall, PARENT, division},
};

const SHA: &str = "bb00000000000000000000000000000000000000000000000000000000000001";
const COLUMNS: [(&str, &str, &str, pb::Category); 9] = [
    ("notices", "通知公告", "Notices", pb::Category::Other),
    ("guides", "办事指南", "Guides", pb::Category::Licensing),
    ("decisions", "行政许可决定公示", "Licence decisions", pb::Category::Licensing),
    ("duty", "领导值班", "Leaders on duty", pb::Category::Organisation),
    ("policies", "规范性文件", "Policies", pb::Category::Rules),
    ("plans", "规划计划", "Plans", pb::Category::Plans),
    ("statistics", "统计信息", "Statistics", pb::Category::Statistics),
    ("budgets", "财政预算决算", "Budgets", pb::Category::Budgets),
    ("fees", "行政事业性收费", "Fees", pb::Category::Fees),
];
const ELEMENTS: [(&str, &str, &str); 6] = [
    ("basis", "设定依据", "Legal basis"),
    ("conditions", "受理条件", "Conditions"),
    ("materials", "申请材料", "Materials"),
    ("procedure", "办理流程", "Procedure"),
    ("limit", "办理时限", "Limits"),
    ("place", "办理地点和时间", "Place and hours"),
];

/// Services that answer with it all.
pub fn hall(folder: &Path) -> Result<Hall, OpenError> {
    let items: Vec<Value> = serde_json::from_str(&fs::read_to_string(folder.join("items.json"))?)?;
    let picture = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboard.png"))?;
    let column = |(code, zh, en, category): (&str, &str, &str, pb::Category)| pb::Column {
        name: format!("{PARENT}/columns/{code}"),
        title_zh: zh.into(),
        title_en: en.into(),
        category: category.into(),
        limit_days: if code == "decisions" { 7 } else { 20 },
        ..Default::default()
    };
    let element = |(code, zh, en): (&str, &str, &str)| pb::Element {
        code: code.into(),
        title_zh: zh.into(),
        title_en: en.into(),
        least: 2,
    };
    let list = pb::Requirements {
        name: format!("{PARENT}/requirements/guide"),
        elements: ELEMENTS.map(element).into(),
        ..Default::default()
    };
    let county = County {
        divisions: vec![division(DIVISION, "尉氏县", "Weishi County")],
        units: units(folder)?,
        windows: windows(folder)?,
        items: items.iter().map(item).collect(),
        columns: COLUMNS.map(column).into(),
        requirements: vec![list],
        files: HashMap::from([(SHA.to_owned(), picture)]),
    };
    let guides = items.iter().zip(1..).map(|(item, n)| guide(item, n));
    let others = [decisions(), notice(), partly(), withdrawn()];
    Ok(Hall::of(county, guides.chain(others).collect(), false))
}

fn rows(file: &Path) -> Result<Vec<csv::StringRecord>, OpenError> {
    Ok(csv::Reader::from_path(file)?.records().collect::<Result<_, _>>()?)
}

fn units(folder: &Path) -> Result<Vec<directory::Unit>, OpenError> {
    let unit = |row: &csv::StringRecord| directory::Unit {
        name: format!("{PARENT}/units/{}", &row[0]),
        display_name_zh: row[1].into(),
        display_name_en: row[2].into(),
        phone: row[6].into(),
        supervision_phone: row[7].into(),
        address: row[8].into(),
        state: directory::State::Active.into(),
        ..Default::default()
    };
    Ok(rows(&folder.join("units.csv"))?.iter().map(unit).collect())
}

fn windows(folder: &Path) -> Result<Vec<directory::Window>, OpenError> {
    let window = |row: &csv::StringRecord| directory::Window {
        name: format!("{PARENT}/windows/{}", &row[0]),
        display_name_zh: row[1].into(),
        display_name_en: row[2].into(),
        unit: if row[3].is_empty() { String::new() } else { format!("{PARENT}/units/{}", &row[3]) },
        accepts: &row[4] == "true",
        issues: &row[5] == "true",
        floor: row[6].into(),
        state: directory::State::Active.into(),
        ..Default::default()
    };
    Ok(rows(&folder.join("windows.csv"))?.iter().map(window).collect())
}

fn text(of: &Value, name: &str) -> String {
    of[name].as_str().unwrap_or_default().to_owned()
}

fn texts(of: &Value) -> Vec<String> {
    of.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn item(of: &Value) -> intake::Item {
    let said = intake::ItemText {
        title_zh: text(of, "name_zh"),
        unit: format!("{PARENT}/units/{}", text(of, "unit")),
        place: text(of, "place"),
        open_hours: text(of, "open_hours"),
        ..Default::default()
    };
    intake::Item { name: format!("{PARENT}/items/{}", text(of, "code")), text: Some(said), ..Default::default() }
}

fn guide(of: &Value, n: usize) -> pb::Publication {
    let numbered =
        |all: Vec<String>| -> String { all.iter().zip(1..).map(|(text, n)| format!("{n}. {text}\n")).collect() };
    let materials: String = of["materials"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| {
            let must = if it["required"].as_bool() == Some(true) { "必备" } else { "视情况" };
            format!(
                "| {} | {} | {} | {must} | {} |\n",
                text(it, "name"),
                it["originals"],
                it["copies"],
                text(it, "issuer")
            )
        })
        .collect();
    let said = [
        texts(&of["legal_basis"]).iter().map(|it| format!("* {it}\n")).collect(),
        numbered(texts(&of["conditions"])),
        format!("| 材料 | 原件 | 复印件 | 是否必备 | 出具机构 |\n|---|---|---|---|---|\n{materials}"),
        numbered(texts(&of["steps"])),
        format!("法定办结时限{}个工作日，承诺办结时限{}个工作日。", of["legal_limit_days"], of["promised_limit_days"]),
        format!("{}\n\n{}\n\n咨询电话：{}", text(of, "place"), text(of, "open_hours"), text(of, "phone")),
    ];
    let faq = of["faq"].as_array().into_iter().flatten();
    let faq: String = faq.map(|it| format!("**问：{}**\n\n答：{}\n\n", text(it, "q"), text(it, "a"))).collect();
    let unit = text(of, "unit");
    let title = format!("{}办事指南", text(of, "name_zh"));
    let subjects = texts(&of["subjects"])
        .iter()
        .map(|it| if it == "NATURAL_PERSON" { "person" } else { "enterprise" }.to_owned())
        .collect();
    let content = pb::Content {
        unit: format!("{PARENT}/units/{unit}"),
        column: format!("{PARENT}/columns/guides"),
        summary: format!("{}的设定依据、受理条件、申请材料、办理流程、时限、地点和时间。", text(of, "name_zh")),
        title,
        sections: ELEMENTS
            .iter()
            .zip(said)
            .map(|((code, ..), text)| pb::Section { element: (*code).into(), heading: String::new(), text })
            .collect(),
        body: if faq.is_empty() { faq } else { format!("## 常见问题\n\n{faq}") },
        subjects,
        ..Default::default()
    };
    let on = date(2016, 1, 4).saturating_add((n as i64 * 5).days());
    let mut guide = publication(&format!("{unit}-2016-{n:05}"), &on.to_string(), content);
    if n == 1
        && let Some(edition) = guide.edition.as_mut()
    {
        guide.before = vec![pb::Edition { number: 1, content: None, ..edition.clone() }];
        (edition.number, edition.correction) = (2, "承诺办结时限由3个工作日缩短为1个工作日。".into());
    }
    guide
}

fn publication(id: &str, on: &str, mut content: pb::Content) -> pb::Publication {
    content.formed_on = on.into();
    let conformance = pb::Conformance {
        score: 100,
        said: 12,
        required: 12,
        bar: 100,
        requirements: "guide".into(),
        ..Default::default()
    };
    pb::Publication {
        name: format!("{PARENT}/publications/{id}"),
        index_number: format!("{DIVISION}-{id}"),
        standing: pb::Standing::Public.into(),
        edition: Some(pb::Edition {
            number: 1,
            content: Some(content),
            published_at: Some(moment(&format!("{on}T10:20")).timestamp()),
            on_time: true,
            conformance: Some(conformance),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn decisions() -> pb::Publication {
    let row = |n: usize| format!("| 410223-012-20161219-{n:06}-7 | 食品经营许可 | 准予 | 2016-12-{} |\n", 19 + n % 5);
    let rows: String = (1..=120).map(row).collect();
    let content = pb::Content {
        unit: format!("{PARENT}/units/012"),
        column: format!("{PARENT}/columns/decisions"),
        title: "行政许可决定公示（2016年12月19日至12月23日）".into(),
        summary: "本周作出的行政许可决定共120件，不含申请人信息。".into(),
        body: format!("| 办件编号 | 事项 | 决定 | 日期 |\n|---|---|---|---|\n{rows}"),
        ..Default::default()
    };
    publication("012-2016-00201", "2016-12-26", content)
}

fn notice() -> pb::Publication {
    let picture = pb::File {
        name: format!("{PARENT}/publications/003-2016-00202/files/{SHA}"),
        file_name: "办件数据.png".into(),
        media_type: "image/png".into(),
        size_bytes: 325_410,
        title: "2016年办件数据总览".into(),
        alternative: "全年收件、受理、办结和时限内办结率的数字，以及各月收件与办结的柱状图".into(),
        width: 1280,
        height: 1790,
        ..Default::default()
    };
    let form = pb::File {
        name: format!("{PARENT}/publications/003-2016-00202/files/{}2", &SHA[..63]),
        file_name: "意见反馈表.docx".into(),
        media_type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document".into(),
        size_bytes: 12,
        title: "意见反馈表".into(),
        ..Default::default()
    };
    let content = pb::Content {
        unit: format!("{PARENT}/units/003"),
        column: format!("{PARENT}/columns/notices"),
        title: "关于公布2016年行政服务中心办件数据并征求意见的通知".into(),
        summary: "公布全年办件数据，征求对窗口服务的意见。".into(),
        document_number: "尉政务〔2016〕31号".into(),
        body: "各乡镇人民政府，县直各单位：\n\n现将2016年行政服务中心办件数据予以公布，并就窗口服务征求意见，时间为12月27日至2017年1月10日。\n\n\
            ## 反馈方式\n\n1. 到行政服务中心一楼咨询台提交书面意见；\n2. 填写附件《意见反馈表》，寄至行政服务中心。\n\n\
            ## 公布的数据\n\n全年收件、受理、办结等数字见下图。[数据总览](/board)可以查看各部门、各事项的数字。"
            .into(),
        files: vec![picture, form],
        ..Default::default()
    };
    publication("003-2016-00202", "2016-12-27", content)
}

fn partly() -> pb::Publication {
    let content = pb::Content {
        unit: format!("{PARENT}/units/005"),
        column: format!("{PARENT}/columns/plans"),
        title: "尉氏县2017年政务服务工作要点".into(),
        summary: "明年政务服务的主要任务。".into(),
        body: "## 主要任务\n\n推进一个窗口受理、一个窗口出件，全部事项的办事指南一次公开到位。".into(),
        ..Default::default()
    };
    let mut partly = publication("005-2016-00203", "2016-12-28", content);
    if let Some(edition) = partly.edition.as_mut() {
        edition.omissions = vec![pb::Omission {
            what: "各科室分工的讨论意见".into(),
            ground: pb::Ground::Process.into(),
            reason: "属于形成过程中的讨论记录。".into(),
        }];
        edition.below_bar_reason = "责任单位待机构调整后补充。".into();
        edition.conformance = edition.conformance.take().map(|it| pb::Conformance {
            score: 75,
            said: 9,
            findings: vec![pb::Finding {
                message_zh: "没有说明责任单位".into(),
                message_en: "does not say which units are responsible".into(),
                ..Default::default()
            }],
            ..it
        });
    }
    partly
}

fn withdrawn() -> pb::Publication {
    let mut withdrawn = publication("003-2016-00204", "2016-06-01", pb::Content::default());
    withdrawn.standing = pb::Standing::Withdrawn.into();
    withdrawn.edition = None;
    withdrawn.withdrawal = Some(pb::Withdrawal {
        withdrawn_at: Some(moment("2016-07-04T09:00").timestamp()),
        reason: "所依据的文件已经废止。".into(),
        ..Default::default()
    });
    withdrawn
}
