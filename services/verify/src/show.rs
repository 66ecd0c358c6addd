//! What has come out, to people and to programs.

use std::fmt::Write;

use serde_json::{Value, json};
use verify::{
    definition::ALL,
    receipt::Shown,
    recount::stated,
    report::{Figure, Log, Report, Untimely, plain},
    wrong::Wrong,
    year::{Counts, Year},
};

type Receipt = Result<Shown, Wrong>;

/// To people.
pub fn text(report: Option<&Report>, receipt: Option<&Receipt>, by_unit: bool) -> String {
    let mut out = String::new();
    // A String takes everything.
    let _ = report.map_or(Ok(()), |report| bundle(&mut out, report, by_unit));
    let _ = receipt.map_or(Ok(()), |receipt| told(&mut out, receipt));
    out
}

fn bundle(out: &mut String, report: &Report, by_unit: bool) -> std::fmt::Result {
    match &report.finding {
        None => writeln!(out, "是 · yes")?,
        Some(finding) => writeln!(out, "否 · no\n  {finding}")?,
    }
    writeln!(out, "  区划 · Division {}", plain(&report.manifest.division))?;
    report.logs.iter().try_for_each(|log| told_log(out, log))?;
    if !report.is_right() {
        return Ok(());
    }
    let (recounted, others): (Vec<&Figure>, Vec<&Figure>) =
        report.figures.iter().partition(|figure| figure.counted.is_some());
    writeln!(out, "  公布的指标 · Statements: {} 个重新统计一致 counted again and equal", recounted.len())?;
    if !others.is_empty() {
        let n = others.len();
        writeln!(out, "    {n} 个的日志不在文件中，未统计 not counted: their journals are not in the file")?;
    }
    writeln!(out, "  补录的办件 · Cases entered late: {}", report.late_cases)?;
    writeln!(out, "  时间与前后树头不合的条目 · Entries out of their time: {}", report.untimely_total)?;
    for Untimely { service, seq, noun, occurred_at, is_backdated } in &report.untimely {
        let which = if *is_backdated { "过早 too early" } else { "过晚 too late" };
        let (service, noun, at) = (plain(service), plain(noun), moment(*occurred_at));
        writeln!(out, "    {service} 第 {seq} 条 entry {seq} ({noun}) {at} {which}")?;
    }
    if !report.is_trusted() {
        writeln!(out, "  注意：公钥取自文件本身，只证明文件前后一致；请用 --key 给出从别处得到的公钥")?;
        writeln!(
            out,
            "  note: keys were taken from the file: this proves only that it agrees with itself; give yours by --key"
        )?;
    }
    if report.is_hollow {
        let zh = "见证人名单取自文件本身：做文件的人也做得出这些签名，对中心什么也证明不了；请用 --witness 给出从别处得到的公钥";
        writeln!(out, "  注意：{zh}")?;
        writeln!(
            out,
            "  note: the list of witnesses was taken from the file: whoever made that can have made their signatures, \
             so they prove nothing against the centre; give your keys by --witness"
        )?;
    }
    for (year, of) in &report.years {
        told_year(out, *year, of, by_unit)?;
    }
    Ok(())
}

fn told_log(out: &mut String, log: &Log) -> std::fmt::Result {
    let Log { service, entries, heads, keys, is_trusted, witnesses, .. } = log;
    let whose = if *is_trusted { "给定的公钥 key given by hand" } else { "文件中的公钥 key of the file" };
    writeln!(out, "  日志 · Log {}: {entries} 条 entries, {heads} 个树头 heads", plain(service))?;
    keys.iter().try_for_each(|key| writeln!(out, "    {whose}: {key}"))?;
    for (name, size) in witnesses {
        writeln!(out, "    见证人 · Witness {name}: 至第 {size} 条 up to entry {size}")?;
    }
    Ok(())
}

fn told_year(out: &mut String, year: i16, of: &Year, by_unit: bool) -> std::fmt::Result {
    writeln!(out, "\n{year} 年 · {year}")?;
    told_counts(out, &of.total, "  ")?;
    for (unit, counts) in of.units.iter().filter(|_| by_unit) {
        writeln!(out, "  部门 · Unit {}", plain(unit))?;
        told_counts(out, counts, "    ")?;
    }
    Ok(())
}

fn told_counts(out: &mut String, counts: &Counts, indent: &str) -> std::fmt::Result {
    for (definition, (numerator, denominator)) in ALL.iter().zip(counts) {
        let is_rate = definition.is_rate();
        if (*numerator, *denominator) == (0, 0) {
            continue;
        }
        let reads = stated(*numerator, *denominator, is_rate);
        let of = if is_rate { format!("  {numerator}/{denominator}") } else { String::new() };
        writeln!(out, "{indent}{reads:>10}{of:<20}  {} · {}", definition.title_zh, definition.title_en)?;
    }
    Ok(())
}

fn told(out: &mut String, receipt: &Receipt) -> std::fmt::Result {
    let shown = match receipt {
        Ok(shown) => shown,
        Err(wrong) => return writeln!(out, "回执：否 · Receipt: no\n  {}\n  {}", wrong.zh, wrong.en),
    };
    let at = if shown.received_at == 0 { shown.occurred_at } else { shown.received_at };
    writeln!(out, "回执：是 · Receipt: yes")?;
    writeln!(out, "  办件编号 · Case {}", plain(&shown.number))?;
    writeln!(out, "  事项 · Item {}", plain(&shown.item))?;
    writeln!(out, "  部门 · Unit {}", plain(&shown.unit))?;
    writeln!(out, "  收件时间 · Received {}", moment(at))?;
    if shown.is_late {
        writeln!(out, "  补录于 · Entered late, {}", moment(shown.occurred_at))?;
    }
    writeln!(out, "  日志 · Log {} 第 {seq} 条 entry {seq}", plain(&shown.service), seq = shown.seq)?;
    if let Some(at) = shown.signed_at {
        writeln!(out, "  树头签于 · Head signed {}", moment(at))?;
    }
    if !shown.key.is_empty() {
        writeln!(out, "  公钥 · Key {}", shown.key)?;
    }
    shown.witnesses.iter().try_for_each(|name| writeln!(out, "  见证人 · Witness {name}"))
}

/// To programs: one object.
pub fn json(report: Option<&Report>, receipt: Option<&Receipt>) -> String {
    let mut whole = report.map_or_else(|| json!({}), object);
    if let Some(receipt) = receipt {
        whole["receipt"] = match receipt {
            Err(wrong) => json!({"right": false, "what_zh": wrong.zh, "what_en": wrong.en}),
            Ok(shown) => json!({
                "right": true, "division": shown.division, "service": shown.service, "seq": shown.seq,
                "number": shown.number, "item": shown.item, "unit": shown.unit, "received_at": moment(shown.received_at),
                "occurred_at": moment(shown.occurred_at), "late": shown.is_late, "key": shown.key,
                "signed_at": shown.signed_at.map(moment), "witnesses": shown.witnesses,
            }),
        };
    }
    format!("{whole}\n")
}

fn object(report: &Report) -> Value {
    let figure = |Figure { stated, counted }: &Figure| {
        json!({
            "definition": stated.definition, "first": stated.first, "last": stated.last, "unit": stated.unit,
            "numerator": stated.numerator, "denominator": stated.denominator, "stated": stated.stated,
            "recounted": counted.as_ref().map(|counted| &counted.stated),
        })
    };
    let log = |log: &Log| {
        json!({
            "service": log.service, "entries": log.entries, "heads": log.heads, "keys": log.keys,
            "trusted": log.is_trusted, "cosigned": log.cosigned,
            "witnesses": log.witnesses.iter().map(|(name, size)| json!({"name": name, "size": size})).collect::<Vec<_>>(),
        })
    };
    let untimely = |one: &Untimely| {
        json!({
            "service": one.service, "seq": one.seq, "noun": one.noun, "occurred_at": moment(one.occurred_at),
            "backdated": one.is_backdated,
        })
    };
    let year = |(year, of): (&i16, &Year)| {
        let units = of.units.iter().map(|(unit, of)| (unit.to_string(), counts(of))).collect::<serde_json::Map<_, _>>();
        json!({"year": year, "total": counts(&of.total), "units": units})
    };
    json!({
        "right": report.is_right(),
        "trusted": report.is_trusted(),
        "witnesses_of_file": report.is_hollow,
        "division": report.manifest.division,
        "finding": report.finding.as_ref().map(|finding| json!({
            "service": finding.service, "seq": finding.seq, "noun": finding.noun,
            "what_zh": finding.wrong.zh, "what_en": finding.wrong.en,
        })),
        "logs": report.logs.iter().map(log).collect::<Vec<_>>(),
        "figures": report.figures.iter().map(figure).collect::<Vec<_>>(),
        "late_cases": report.late_cases,
        "untimely_total": report.untimely_total,
        "untimely": report.untimely.iter().map(untimely).collect::<Vec<_>>(),
        "years": report.years.iter().map(year).collect::<Vec<_>>(),
    })
}

fn counts(of: &Counts) -> Value {
    let each = ALL.iter().zip(of).map(|(definition, (numerator, denominator))| {
        let reads = stated(*numerator, *denominator, definition.is_rate());
        let value = json!({"numerator": numerator, "denominator": denominator, "stated": reads});
        (definition.id.to_owned(), value)
    });
    Value::Object(each.collect())
}

/// Civil time in Shanghai, to the second.
fn moment(micros: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let shanghai = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    at.to_zoned(shanghai).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
