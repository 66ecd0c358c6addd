//! The words of what the clerks write: by column, each with what its column requires.

use calendar::Date;
use proto::disclosure::v1 as pb;

use super::{
    super::{county::resource, dice::Dice},
    plan::{Course, Piece},
    units::Unit,
};

/// A column of the site that clerks write for, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub code: &'static str,
    pub weight: u64,
    topics: &'static [&'static str],
    /// Element and text; `{}` are unit, topic and date.
    sections: &'static [(&'static str, &'static str)],
    subjects: &'static [&'static str],
    /// With a 文号.
    numbered: bool,
    /// With a text after the sections.
    has_body: bool,
}

/// Sections are given the unit, the topic, the day and a number.
pub const COLUMNS: [Column; 15] = [
    Column {
        code: "notices",
        weight: 260,
        topics: &[
            "办事窗口调整办公时间",
            "开展集中便民服务活动",
            "征求公众意见",
            "系统升级暂停办理",
            "举办政策培训",
            "夏季高峰延时服务",
            "节假日值班安排",
        ],
        sections: &[],
        subjects: &["person", "enterprise"],
        numbered: false,
        has_body: true,
    },
    Column {
        code: "policies",
        weight: 90,
        topics: &[
            "行政审批事项目录管理",
            "窗口服务规范",
            "一次性告知实施办法",
            "首问负责制度",
            "信用信息归集办法",
            "限时办结实施细则",
        ],
        sections: &[("validity", "自{day}起施行，有效期五年。")],
        subjects: &["person", "enterprise", "organ"],
        numbered: true,
        has_body: true,
    },
    Column {
        code: "statistics",
        weight: 290,
        topics: &["行政审批办件情况", "窗口服务情况", "业务办理统计", "服务效能统计"],
        sections: &[
            ("period", "截至{day}的最近八个整周。"),
            ("notes", "办结件数按作出决定的日期统计，数据来源为行政服务中心办件系统。"),
        ],
        subjects: &[],
        numbered: false,
        has_body: false,
    },
    Column {
        code: "organisation",
        weight: 40,
        topics: &["机构职能和联系方式", "内设机构和办公时间"],
        sections: &[
            ("functions", "{unit}负责本行业的行政许可、日常监管和公共服务，承担{topic}的公布和更新。"),
            ("structure", "设办公室、行政审批股、监督管理股和政务服务窗口。"),
            ("address", "{address}"),
            ("hours", "法定工作日上午8:30至12:00，下午14:30至17:30。"),
            ("phone", "咨询电话{phone}。"),
            ("heads", "{head}主持全面工作，分管负责人分工见单位公示栏。"),
        ],
        subjects: &[],
        numbered: false,
        has_body: false,
    },
    Column {
        code: "plans",
        weight: 35,
        topics: &["年度工作计划", "政务服务提升行动计划", "“十三五”专项规划"],
        sections: &[
            ("term", "2016年1月至2020年12月，分年度实施。"),
            ("aims", "审批时限在法定时限基础上压缩三成以上，群众满意度保持在百分之九十五以上。"),
            ("measures", "精简申请材料，推行一窗受理，按季度公布{topic}的完成情况。"),
        ],
        subjects: &[],
        numbered: true,
        has_body: false,
    },
    Column {
        code: "penalties",
        weight: 30,
        topics: &["行政处罚案件信息", "执法检查处罚结果"],
        sections: &[
            ("facts", "检查中发现当事单位未按许可条件经营，责令改正后逾期未改。"),
            ("basis", "依据本行业法律、行政法规关于许可管理的条款，对照裁量基准确定。"),
            ("procedure", "立案、调查取证、告知听证权利、集体讨论后作出决定。"),
            ("decision", "警告，并处罚款{number}00元，限十五日内缴纳。"),
            ("remedies", "可在六十日内向尉氏县人民政府申请行政复议，或在六个月内向尉氏县人民法院起诉。"),
        ],
        subjects: &["enterprise"],
        numbered: true,
        has_body: false,
    },
    Column {
        code: "budgets",
        weight: 30,
        topics: &["部门预算", "部门决算", "“三公”经费支出情况"],
        sections: &[
            ("revenue", "财政拨款收入{number}.6万元，无其他收入。"),
            ("expenditure", "人员经费占百分之七十二，公用经费占百分之二十八，收支平衡。"),
            ("three", "公务接待和公务用车合计较上年下降百分之六，无因公出国支出。"),
            ("notes", "数据由{unit}财务部门编报，经县财政部门批复，口径与上年一致。"),
        ],
        subjects: &[],
        numbered: false,
        has_body: false,
    },
    Column {
        code: "fees",
        weight: 30,
        topics: &["行政事业性收费目录", "证照工本费标准"],
        sections: &[
            ("item", "{topic}所列项目，目录之外一律不得收取。"),
            ("basis", "河南省发展和改革委员会、财政厅公布的行政事业性收费目录清单（2016年）。"),
            ("standard", "工本费每证10元，补领同价；小微企业免收。"),
            ("payers", "申领相应证照的单位和个人。"),
        ],
        subjects: &["person", "enterprise"],
        numbered: false,
        has_body: false,
    },
    Column {
        code: "procurement",
        weight: 30,
        topics: &["办公设备政府采购", "信息化运维服务采购", "窗口设施采购"],
        sections: &[
            ("catalogue", "集中采购目录内货物类，共{number}台（套）。"),
            ("standard", "单价不高于县财政部门公布的资产配置标准。"),
            ("progress", "公开招标已完成，合同已签订，按期交付验收。"),
        ],
        subjects: &["enterprise"],
        numbered: false,
        has_body: false,
    },
    Column {
        code: "projects",
        weight: 40,
        topics: &["农村道路改造工程", "污水管网建设工程", "产业集聚区标准厂房", "县城学校扩建工程"],
        sections: &[
            ("approval", "可行性研究报告和初步设计已由县发展和改革委员会批复。"),
            ("scale", "建设规模{number}00平方米，含配套管线和绿化。"),
            ("funds", "总投资{number}8万元，由县级财政和上级补助资金安排。"),
            ("progress", "主体施工进度过半，质量和安全抽查合格。"),
        ],
        subjects: &[],
        numbered: false,
        has_body: false,
    },
    Column {
        code: "welfare",
        weight: 60,
        topics: &["城乡居民医疗救助", "就业技能培训补贴", "困难群众临时救助", "义务教育阶段资助"],
        sections: &[
            ("policy", "按省、市、县三级现行救助和补贴文件执行，标准随文公布。"),
            ("recipients", "本县户籍或常住居民中符合收入和身份条件的家庭和个人。"),
            ("measures", "每人每年补助{number}0元，经公示后由银行代发。"),
            ("progress", "本期受理{number}户，已全部办结并公示，无信访投诉。"),
        ],
        subjects: &["person"],
        numbered: false,
        has_body: false,
    },
    Column {
        code: "emergencies",
        weight: 20,
        topics: &["防汛应急预案", "森林防火预警", "寒潮天气应对"],
        sections: &[
            ("plan", "按四级响应启动，由{unit}牵头，联络电话{phone}。"),
            ("warning", "预警信号经县电视台、短信和村级广播发布。"),
            ("response", "储备物资已到位，{number}支队伍全天备勤，每日两次报告情况。"),
        ],
        subjects: &["person"],
        numbered: false,
        has_body: false,
    },
    Column {
        code: "inspections",
        weight: 60,
        topics: &["双随机监督抽查", "食品经营单位检查", "安全生产专项检查", "产品质量抽检"],
        sections: &[
            ("subject", "随机抽取本行业经营单位{number}家。"),
            ("basis", "依据年度双随机抽查计划和本行业监督管理办法。"),
            ("result", "合格率百分之九十六，发现问题的单位已逐一登记。"),
            ("measures", "责令限期改正，到期复查，复查结果再行公布于本栏目。"),
        ],
        subjects: &["enterprise"],
        numbered: false,
        has_body: false,
    },
    Column {
        code: "recruitment",
        weight: 20,
        topics: &["公开招聘工作人员", "窗口辅助人员招考"],
        sections: &[
            ("posts", "综合岗位{number}个，专业技术岗位2个。"),
            ("conditions", "大专以上学历，年龄三十五周岁以下，无违法犯罪记录。"),
            ("procedure", "现场报名五日，笔试、面试、体检、考察、公示各阶段时间在报名时告知。"),
            ("result", "拟录用人员经公示七日无异议后办理手续。"),
        ],
        subjects: &["person"],
        numbered: false,
        has_body: false,
    },
    Column {
        code: "other",
        weight: 65,
        topics: &["政务公开工作要点落实情况", "建议提案答复摘要", "承诺服务事项清单", "投诉举报渠道"],
        sections: &[],
        subjects: &["person", "institution"],
        numbered: false,
        has_body: true,
    },
];

/// Purpose of the dice, beside the number of the piece.
const WORDS: u64 = 1 << 50;

/// What a piece says when it is drafted first.
pub fn content(piece: &Piece, seed: u64) -> pb::Content {
    let (unit, column, day) = (&piece.unit, piece.column, piece.formed_on);
    let mut dice = Dice::new(seed, WORDS + u64::from(piece.number));
    let (topic, number) = (*dice.pick(column.topics), dice.within(12..=98));
    let fill = |text: &str| {
        let text = text.replace("{unit}", &unit.title).replace("{topic}", topic).replace("{day}", &said(day));
        let text = text.replace("{phone}", &unit.phone).replace("{address}", &unit.address);
        text.replace("{head}", &unit.head).replace("{number}", &number.to_string())
    };
    let section = |element: &str, text: String| pb::Section { element: element.to_owned(), text, ..Default::default() };
    let mut sections: Vec<_> = column.sections.iter().map(|(element, text)| section(element, fill(text))).collect();
    if column.code == "statistics" {
        sections.insert(1, section("figures", weeks(piece)));
    }
    let title = format!("{}关于{topic}的{}（{}）", unit.short, kind(column.code), said(day));
    let content = pb::Content {
        unit: resource("units", &unit.code),
        column: resource("columns", column.code),
        summary: format!("{}公布{topic}，{}形成，可拨打{}咨询。", unit.title, said(day), unit.phone),
        title,
        formed_on: day.to_string(),
        document_number: if column.numbered {
            format!("尉{}〔2016〕{}号", unit.code, piece.number + 1)
        } else {
            String::new()
        },
        sections,
        body: if column.has_body { body(unit, topic, number, day) } else { String::new() },
        subjects: column.subjects.iter().map(|subject| (*subject).to_owned()).collect(),
        files: Vec::new(),
    };
    dodge(content, piece.course)
}

/// What a correction changes, and why.
pub fn corrected(content: pb::Content, day: Date) -> (pb::Content, &'static str) {
    let body = format!("{}\n\n更正：联系电话和办理时间以本版为准。", content.body);
    (
        pb::Content { formed_on: day.to_string(), body: body.trim_start().to_owned(), ..content },
        "联系电话和办理时间有变化",
    )
}

/// The weekly numbers in one sentence, for who cannot see the picture.
pub fn alternative(piece: &Piece) -> String {
    let told: Vec<_> = piece.weeks.iter().map(|(_, count)| count.to_string()).collect();
    format!("柱状图：{}最近八周每周办结件数，依次为{}件。", piece.unit.short, told.join("、"))
}

fn weeks(piece: &Piece) -> String {
    let mut table = "| 周（周一） | 办结件数 |\n| --- | --- |\n".to_owned();
    piece.weeks.iter().for_each(|(monday, count)| table.push_str(&format!("| {monday} | {count} |\n")));
    let total: u32 = piece.weeks.iter().map(|(_, count)| count).sum();
    format!("{table}\n八周合计办结{total}件。")
}

fn body(unit: &Unit, topic: &str, number: u16, day: Date) -> String {
    format!(
        "为方便群众和企业办事，{}就{topic}公布如下：\n\n1. 自{}起，在行政服务中心{}窗口和单位办公场所同步执行。\n2. 涉及{number}项具体内容，\
         申请人可在窗口领取纸质说明，也可电话查询。\n3. 执行中的问题，请拨打{}反映，三个工作日内答复。\n",
        unit.title,
        said(day),
        unit.short,
        unit.phone
    )
}

/// What a draft leaves out.
fn dodge(content: pb::Content, course: Course) -> pb::Content {
    let mut content = content;
    match course {
        Course::Below => {
            content.summary.clear();
            content.sections.truncate(1);
            if !content.body.is_empty() {
                content.body = "按有关规定办理。".to_owned();
            }
        }
        Course::Short if content.sections.pop().is_none() => content.summary.clear(),
        _ => {}
    }
    content
}

fn kind(column: &str) -> &'static str {
    match column {
        "policies" => "规定",
        "statistics" => "统计",
        "plans" => "方案",
        "penalties" | "inspections" => "公示",
        "notices" | "recruitment" | "procurement" => "公告",
        _ => "说明",
    }
}

/// `2016年3月8日`
fn said(day: Date) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}
