//! Addresses as resident records write them: prefecture first, full-width numbers, no postcode.

use domain::municipality::Municipality;
use domain::text::{ADDRESS_MAX_CHARACTERS, length};

use super::random::Random;

/// An address in a town of `home`, a third of them in a block of flats.
pub(super) fn ordinary(random: &mut Random, home: &Municipality) -> String {
    let house = if is_rural(home) { rural(random) } else { urban(random) };
    let flat = if random.per_thousand(350) { flat(random) } else { String::new() };
    format!("{}{house}{flat}", beginning(random, home))
}

/// An address close to the limit of 200 characters, as a care home in a business park may have.
pub(super) fn long(random: &mut Random, home: &Municipality) -> String {
    const BUILDING: &str = "グランドガーデンレジデンスタワーズウエストサイドプレミアムコート";
    const CARE_HOME: &str = "社会福祉法人公的個人認証福祉会特別養護老人ホームやすらぎの里ひまわり館東棟生活介護ユニット";
    const NEARLY_THE_LIMIT: usize = ADDRESS_MAX_CHARACTERS - 5;
    let house = ordinary(random, home);
    let tail = format!("{}号室　{CARE_HOME}内", full_width(random.below(900) + 100));
    let room = NEARLY_THE_LIMIT.saturating_sub(length(&house) + length(&tail));
    let building: String = BUILDING.chars().cycle().take(room).collect();
    format!("{house}　{building}{tail}")
}

fn is_rural(home: &Municipality) -> bool {
    home.name.ends_with(['町', '村'])
}

/// Prefecture, county and municipality, or the ward of a designated city.
fn beginning(random: &mut Random, home: &Municipality) -> String {
    let county = COUNTIES
        .iter()
        .find(|(_, towns)| home.code.prefecture() == "11" && towns.contains(&home.name.as_str()))
        .map_or("", |(county, _)| county);
    let ward = match home.name.as_str() {
        "さいたま市" => random.pick(&SAITAMA_WARDS).copied().unwrap_or_default(),
        _ => "",
    };
    format!("{}{county}{}{ward}", home.prefecture, home.name)
}

/// A town with numbered blocks: 本町三丁目１２番５号.
fn urban(random: &mut Random) -> String {
    const BLOCKS: [&str; 6] = ["一", "二", "三", "四", "五", "六"];
    let town = random.pick(&TOWNS).copied().unwrap_or_default();
    let block = random.pick(&BLOCKS).copied().unwrap_or_default();
    let lot = full_width(random.below(30) + 1);
    format!("{town}{block}丁目{lot}番{}号", full_width(random.below(40) + 1))
}

/// A village area with lot numbers: 大字中野１２３番地４.
fn rural(random: &mut Random) -> String {
    let area = random.pick(&AREAS).copied().unwrap_or_default();
    let lot = full_width(random.below(2500) + 1);
    let part = random.below(8);
    let part = if part == 0 { String::new() } else { full_width(part) };
    format!("大字{area}{lot}番地{part}")
}

/// A block of flats and its room.
fn flat(random: &mut Random) -> String {
    let building = random.pick(&BUILDINGS).copied().unwrap_or_default();
    let room = (random.below(12) + 1) * 100 + random.below(12) + 1;
    format!("　{building}{}号", full_width(room))
}

/// A number in the full-width digits of JIS X 0208.
fn full_width(number: u64) -> String {
    let wide = |digit: char| char::from_u32(digit as u32 - u32::from(b'0') + 0xFF10);
    number.to_string().chars().filter_map(wide).collect()
}

/// The counties (郡) of Saitama with their towns and villages, for the list has only names.
const COUNTIES: [(&str, &[&str]); 8] = [
    ("北足立郡", &["伊奈町"]),
    ("入間郡", &["三芳町", "毛呂山町", "越生町"]),
    ("比企郡", &["滑川町", "嵐山町", "小川町", "川島町", "吉見町", "鳩山町", "ときがわ町"]),
    ("秩父郡", &["横瀬町", "皆野町", "長瀞町", "小鹿野町", "東秩父村"]),
    ("児玉郡", &["美里町", "神川町", "上里町"]),
    ("大里郡", &["寄居町"]),
    ("南埼玉郡", &["宮代町"]),
    ("北葛飾郡", &["杉戸町", "松伏町"]),
];

const SAITAMA_WARDS: [&str; 10] =
    ["西区", "北区", "大宮区", "見沼区", "中央区", "桜区", "浦和区", "南区", "緑区", "岩槻区"];

const TOWNS: [&str; 40] = [
    "本町",
    "栄町",
    "中央",
    "緑町",
    "旭町",
    "幸町",
    "寿町",
    "錦町",
    "泉町",
    "若葉",
    "青葉台",
    "桜木町",
    "富士見町",
    "東町",
    "西町",
    "南町",
    "北町",
    "上町",
    "仲町",
    "元町",
    "新町",
    "大手町",
    "宮前町",
    "末広",
    "常盤",
    "高砂",
    "弥生",
    "松原",
    "藤が丘",
    "美園",
    "日の出町",
    "朝日",
    "曙町",
    "花園",
    "並木",
    "駅前",
    "川端町",
    "山手",
    "柳町",
    "三園",
];

const AREAS: [&str; 24] = [
    "上野",
    "中野",
    "下野",
    "原",
    "新田",
    "大谷",
    "小川",
    "平",
    "石神",
    "広瀬",
    "高坂",
    "田中",
    "横瀬",
    "赤沼",
    "下里",
    "上里",
    "竹沢",
    "腰越",
    "青山",
    "角山",
    "古寺",
    "木呂子",
    "笠原",
    "勝呂",
];

const BUILDINGS: [&str; 14] = [
    "コーポ桜",
    "メゾン緑",
    "ハイツ旭",
    "サンハイム",
    "グリーンコート",
    "レジデンス中央",
    "第２田中荘",
    "パークハイツ",
    "ライフタワー",
    "エステート富士見",
    "カーサ若葉",
    "シティコーポ",
    "県営住宅Ａ棟",
    "ＵＲ団地３号棟",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_town_of_saitama_has_its_county() {
        for home in domain::municipality::of_prefecture("11").filter(|m| is_rural(m)) {
            let start = beginning(&mut Random::of_resident(1, 1), home);
            assert!(start.contains('郡'), "{start}");
        }
        let listed: usize = COUNTIES.iter().map(|(_, towns)| towns.len()).sum();
        let towns = domain::municipality::of_prefecture("11").filter(|m| is_rural(m)).count();
        assert_eq!(listed, towns);
    }
}
