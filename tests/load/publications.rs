//! A million publications to search in: the same each time, and shaped like a county's. Words follow Zipf's law, as those
//! of real texts do: a few are in every third text, most in very few.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use disclosure::domain::shown::Shown;
use kit::{
    id::Division,
    store::{Noun, Store},
};
use sea_orm::{EntityTrait, IntoActiveModel, PaginatorTrait};
use tokio::sync::mpsc;

/// By how frequent they are.
const WORDS: &str = "工作 管理 服务 建设 项目 单位 办理 部门 政府 实施 企业 安全 发展 情况 申请 规定 进行 通知 要求 组织 \
    许可 监督 检查 材料 人员 社会 教育 环境 保护 生产 经营 食品 卫生 医疗 保险 就业 农业 农村 土地 规划 资金 预算 决算 财政 \
    税收 收费 标准 依据 程序 条件 审批 登记 备案 证件 窗口 大厅 值班 公示 公告 结果 处罚 决定 执法 听证 复议 诉讼 合同 招标 \
    采购 工程 道路 桥梁 供水 供电 燃气 供暖 垃圾 污水 绿化 城市 乡镇 社区 村民 居民 老年 儿童 妇女 残疾 优抚 救助 低保 补贴 \
    养老 住房 公积金 户籍 婚姻 殡葬 学校 招生 考试 教师 文化 旅游 体育 广播 图书馆 科技 专利 商标 质量 计量 价格 消费 投诉 \
    举报 信访 司法 法律 援助 公证 律师 调解 消防 应急 预案 地震 防汛 抗旱 气象 森林 畜牧 兽医 水利 渔业 种子 农药 化肥 粮食 \
    大蒜 小麦 玉米 花生 蔬菜 电商 物流 仓储 融资 担保 银行 证券 统计 调查 普查 人口 计划 生育 疫苗 防疫 药品 器械 化妆品 \
    餐饮 饮水 噪声 扬尘 排污 节能 新能源 光伏 风电 矿产 测绘 地质 档案 保密 电子 网络 数据 平台 邮政 通信 交通 运输 驾驶 \
    车辆 公交 出租 停车 航空 铁路 港口 烟草 盐业 彩票 慈善 志愿 宗教 民族 侨务 台胞 外事 国防 征兵 退役 烈士 史志";
const FAMILIES: &str =
    "张王李赵刘陈杨黄周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈";
const PLACES: [&str; 12] = ["庄", "集", "寨", "店", "岗", "桥", "楼", "营", "湾", "坡", "堂", "铺"];
const KINDS: [&str; 8] = ["通知", "公告", "公示", "意见", "方案", "报告", "办法", "说明"];
pub const COLUMNS: [&str; 12] = [
    "notices",
    "guides",
    "decisions",
    "policies",
    "statistics",
    "budgets",
    "fees",
    "projects",
    "welfare",
    "inspections",
    "recruitment",
    "other",
];
pub const UNITS: usize = 42;
const SUBJECTS: [&str; 4] = ["person", "enterprise", "institution", "social"];
/// Rows in a transaction.
const BATCH: usize = 4_096;
/// Rows in a statement.
const MANY: usize = 512;

/// Fills the database unless it is filled already; how long that took.
pub async fn fill(url: &str, count: usize) -> Result<Duration, Box<dyn std::error::Error>> {
    let start = Instant::now();
    let store = Store::open::<migrations::disclosure::Migrator>(disclosure::NAME, url).await?;
    let there = <Shown as Noun>::Entity::find().count(store.read()).await? as usize;
    let words = Arc::new(Words::new());
    // One batch is made while the one before it is written.
    let (made, mut batches) = mpsc::channel(2);
    tokio::task::spawn_blocking(move || {
        for first in (there..count).step_by(BATCH) {
            let rows: Vec<_> = (first..count.min(first + BATCH)).map(|i| words.publication(i).to_row()).collect();
            if made.blocking_send(rows).is_err() {
                return;
            }
        }
    });
    while let Some(rows) = batches.recv().await {
        let tx = store.begin().await?;
        for some in rows.chunks(MANY) {
            let rows = some.iter().cloned().map(IntoActiveModel::into_active_model);
            <Shown as Noun>::Entity::insert_many(rows).exec_without_returning(&tx).await?;
        }
        tx.commit().await?;
    }
    disclosure::store::shown::tidy(&store).await?;
    if store.is_postgres() && there < count {
        // As its own vacuum does after a while.
        sea_orm::ConnectionTrait::execute_unprepared(store.read(), "VACUUM ANALYZE shown").await?;
    }
    store.close().await?;
    Ok(start.elapsed())
}

struct Words {
    words: Vec<String>,
    /// Of each word, the weight of it and those before it.
    weights: Vec<f64>,
}

impl Words {
    fn new() -> Words {
        let mut words: Vec<String> = WORDS.split_whitespace().map(str::to_owned).collect();
        words.extend(FAMILIES.chars().flat_map(|family| PLACES.map(|place| format!("{family}{place}"))));
        let mut sum = 0.0;
        let weights = (0..words.len()).map(|rank| {
            sum += 1.0 / (rank as f64 + 8.0);
            sum
        });
        Words { weights: weights.collect(), words }
    }

    fn word(&self, dice: &mut Dice) -> &str {
        let most = self.weights.last().copied().unwrap_or(1.0);
        let at = dice.next() as f64 / u64::MAX as f64 * most;
        &self.words[self.weights.partition_point(|weight| *weight < at).min(self.words.len() - 1)]
    }

    fn publication(&self, i: usize) -> Shown {
        let dice = &mut Dice(i as u64);
        let (unit, column) = (dice.below(UNITS) + 1, dice.below(COLUMNS.len()));
        let (one, two, three) = (self.word(dice), self.word(dice), self.word(dice));
        let title = format!("尉氏县{one}局关于{two}{three}的{}", KINDS[dice.below(KINDS.len())]);
        let mut text = format!("尉政〔{}〕{}号。", 2016 + i % 10, i / 10);
        let mut length = text.chars().count();
        while length < 300 {
            let part = format!("{}{}的{}，", self.word(dice), self.word(dice), self.word(dice));
            length += part.chars().count();
            text.push_str(&part);
        }
        // A million in ten years, one after the other.
        let published_at = 1_451_606_400_000_000 + i as i64 * 315_000_000;
        Shown {
            division: division(),
            id: format!("{unit:03}-{}-{i:07}", 2016 + i % 10),
            public: true,
            summary: text.chars().take(60).collect(),
            title,
            unit: format!("{unit:03}"),
            column: COLUMNS[column].to_owned(),
            category: column as u8 + 1,
            subjects: vec![SUBJECTS[dice.below(SUBJECTS.len())].to_owned()],
            formed_on: calendar::Date::constant(2016, 1, 1),
            published_at,
            edition: 1,
            source: String::new(),
            files: 0,
            pictures: u32::from(i.is_multiple_of(10)),
            text,
        }
    }
}

fn division() -> Division {
    "410223".parse().unwrap_or(Division::NATIONAL)
}

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }
}
