//! Municipalities whose published reading, or whose name, romanises wrongly by the rule alone.

use super::romanise;
use crate::id::MunicipalityCode;

/// A municipality's romanised name: by the rule, from the corrected reading where there is one.
pub(super) fn romanise(code: MunicipalityCode, name: &str, reading: &str) -> Option<String> {
    let digits = code.as_str();
    if let Some((_, latin)) = SAME_NAME.iter().find(|(c, _)| *c == digits) {
        return Some((*latin).to_owned());
    }
    let corrected = LARGE_KANA.iter().chain(&BORDERS).find(|(c, _)| *c == digits);
    romanise::municipality(name, corrected.map_or(reading, |(_, reading)| reading))
}

/// Two towns of one prefecture with one reading, told apart by their subprefectures (振興局), since
/// a distribution point must be unique. Which words the real system takes is not known.
const SAME_NAME: [(&str, &str); 2] = [
    ("01361", "Hiyama-Esashi-cho"), // 江差町
    ("01514", "Soya-Esashi-cho"),   // 枝幸町
];

/// The published list writes ャ, ュ and ョ large in these readings, as old systems did.
const LARGE_KANA: [(&str, &str); 14] = [
    ("06428", "ショウナイマチ"),   // 庄内町
    ("10421", "ナカノジョウマチ"), // 中之条町
    ("11206", "ギョウダシ"),       // 行田市
    ("11211", "ホンジョウシ"),     // 本庄市
    ("11216", "ハニュウシ"),       // 羽生市
    ("12403", "クジュウクリマチ"), // 九十九里町
    ("12443", "オンジュクマチ"),   // 御宿町
    ("12463", "キョナンマチ"),     // 鋸南町
    ("25384", "リュウオウチョウ"), // 竜王町
    ("27229", "シジョウナワテシ"), // 四條畷市
    ("29426", "コウリョウチョウ"), // 広陵町
    ("33208", "ソウジャシ"),       // 総社市
    ("33586", "シンジョウソン"),   // 新庄村
    ("47326", "チャタンチョウ"),   // 北谷町
];

/// Names in which two vowels meet over a border between two words and are spoken apart.
const BORDERS: [(&str, &str); 18] = [
    ("01560", "タキノ|ウエチョウ"),   // 滝上町: takino and ue
    ("01571", "トヨ|ウラチョウ"),     // 豊浦町: toyo and ura
    ("01642", "ヒロ|オチョウ"),       // 広尾町: hiro and o
    ("12218", "カツ|ウラシ"),         // 勝浦市: katsu and ura
    ("20303", "コ|ウミマチ"),         // 小海町: ko and umi
    ("20416", "トヨ|オカムラ"),       // 豊丘村: toyo and oka
    ("20561", "ヤマノ|ウチマチ"),     // 山ノ内町: yamano and uchi
    ("21382", "ワノ|ウチチョウ"),     // 輪之内町: wano and uchi
    ("27220", "ミノ|オシ"),           // 箕面市: mino and o
    ("28209", "トヨ|オカシ"),         // 豊岡市: toyo and oka
    ("30421", "ナチカツ|ウラチョウ"), // 那智勝浦町: katsu and ura
    ("31371", "コト|ウラチョウ"),     // 琴浦町: koto and ura
    ("33212", "セト|ウチシ"),         // 瀬戸内市: seto and uchi
    ("36301", "カツ|ウラチョウ"),     // 勝浦町: katsu and ura
    ("42208", "マツ|ウラシ"),         // 松浦市: matsu and ura
    ("46213", "ニシノ|オモテシ"),     // 西之表市: nishino and omote
    ("46217", "ソ|オシ"),             // 曽於市: so and o
    ("46525", "セト|ウチチョウ"),     // 瀬戸内町: seto and uchi
];
