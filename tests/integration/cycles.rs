//! No two files of a room need each other, parent and child aside: each can be read by itself, from the bottom up.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::layers::{MEMBERS, report, sources};

/// The names that lead from the crate's root to a module or an item.
type Path = Vec<String>;

/// What the files of the crate say of each other.
#[derive(Default)]
struct Modules {
    /// The modules that are files.
    files: HashMap<Path, String>,
    /// Where the names lead that a module hands on with `pub use`.
    handed_on: HashMap<(Path, String), Path>,
}

/// A path as it stands in a file, and the name that it has there if it is handed on.
struct Mention {
    path: Path,
    handed_on_as: Option<String>,
}

impl Modules {
    /// Reads the files below `dir`, all of one crate.
    fn read(dir: &str) -> Self {
        let mut modules = Self::default();
        for source in sources(dir) {
            let path = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
            let path: Path = path.split('/').map(str::to_owned).collect();
            if path[0] == "lib" {
                modules.files.insert(Path::new(), source.text);
            } else if path[0] != "main" {
                let code: String = source.code().map(|(_, line)| format!("{line}\n")).collect();
                // Tests within the file know what they test.
                let code = code.split("\nmod tests {").next().unwrap().to_owned();
                modules.files.insert(path, code);
            }
        }
        let paths: Vec<Path> = modules.files.keys().cloned().collect();
        for file in paths {
            for mention in mentions(&modules.files[&file]) {
                if let (Some(name), Some(target)) = (&mention.handed_on_as, modules.absolute(&mention, &file))
                {
                    modules.handed_on.insert((file.clone(), name.clone()), target);
                }
            }
        }
        modules
    }

    /// The path from the root; `None` if it leads out of the crate.
    fn absolute(&self, mention: &Mention, file: &Path) -> Option<Path> {
        let ups = mention.path.iter().take_while(|name| *name == "super").count();
        let (mut path, rest) = match mention.path[0].as_str() {
            "crate" => (Path::new(), &mention.path[1..]),
            "self" => (file.clone(), &mention.path[1..]),
            "super" => (file[..file.len().checked_sub(ups)?].to_vec(), &mention.path[ups..]),
            child => {
                let path = [&file[..], &[child.to_owned()]].concat();
                self.files.contains_key(&path).then_some((path, &mention.path[1..]))?
            }
        };
        path.extend_from_slice(rest);
        Some(path)
    }

    /// The module in which what `path` names stands.
    fn home(&self, path: &[String], hops_left: usize) -> Path {
        for end in 0..path.len() {
            let (module, name) = (&path[..end], &path[end]);
            if self.files.contains_key(&path[..=end]) {
                continue;
            }
            return match self.handed_on.get(&(module.to_vec(), name.clone())) {
                Some(target) if hops_left > 0 => {
                    self.home(&[target, &path[end + 1..]].concat(), hops_left - 1)
                }
                _ => module.to_vec(),
            };
        }
        path.to_vec()
    }

    /// For each module, which of its children needs which others.
    fn needs(&self) -> BTreeMap<Path, BTreeMap<&str, BTreeSet<String>>> {
        let mut needs: BTreeMap<Path, BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
        for (file, code) in &self.files {
            for target in mentions(code).iter().filter_map(|mention| self.absolute(mention, file)) {
                let home = self.home(&target, 8);
                let common = file.iter().zip(&home).take_while(|(a, b)| a == b).count();
                if let (Some(from), Some(to)) = (file.get(common), home.get(common)) {
                    let siblings = needs.entry(file[..common].to_vec()).or_default();
                    siblings.entry(from).or_default().insert(to.clone());
                }
            }
        }
        needs
    }
}

/// The paths in `code`: all of its `use`, and what begins with `crate`, `self` or `super`.
fn mentions(code: &str) -> Vec<Mention> {
    let tokens = tokens(code);
    let mut mentions = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let before = |back: usize| index.checked_sub(back).map_or("", |index| tokens[index]);
        let is_use = *token == "use";
        let is_path = ["crate", "self", "super"].contains(token)
            && tokens.get(index + 1) == Some(&"::")
            && !["use", "::", "{", ","].contains(&before(1));
        if is_use || is_path {
            let is_pub = is_use && ["pub", ")"].contains(&before(1));
            expand(&tokens, index + usize::from(is_use), &Path::new(), is_pub, &mut mentions);
        }
    }
    mentions
}

/// Adds the paths of the tree at `index`, each behind `prefix`. Returns where the tree ends.
fn expand(
    tokens: &[&str],
    mut index: usize,
    prefix: &Path,
    is_pub: bool,
    mentions: &mut Vec<Mention>,
) -> usize {
    let mut path = prefix.clone();
    loop {
        if tokens.get(index) == Some(&"{") {
            while !["}", ";"].contains(&tokens[index]) {
                index = expand(tokens, index + 1, &path, is_pub, mentions);
            }
            return index + 1;
        }
        match tokens.get(index) {
            Some(name) if name.starts_with(|c: char| c.is_alphanumeric() || "_*".contains(c)) => {
                path.push((*name).to_owned());
            }
            _ => return index,
        }
        index += 1;
        match tokens.get(index) {
            Some(&"::") => index += 1,
            _ => break,
        }
    }
    let mut name = path.last().cloned();
    if tokens.get(index) == Some(&"as") {
        name = tokens.get(index + 1).map(|name| (*name).to_owned());
        index += 2;
    }
    mentions.push(Mention { path, handed_on_as: name.filter(|_| is_pub) });
    index
}

/// Names, `::`, and every other character by itself.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if first.is_alphanumeric() || first == '_' => {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            }
            ':' if rest.starts_with("::") => 2,
            _ => first.len_utf8(),
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

/// A way from `from` to `to`.
fn way(needs: &BTreeMap<&str, BTreeSet<String>>, from: &str, to: &str) -> Option<Vec<String>> {
    let mut seen = HashSet::from([from]);
    let mut open = vec![vec![from]];
    while let Some(way) = open.pop() {
        for next in needs.get(way[way.len() - 1]).into_iter().flatten() {
            let longer = [&way[..], &[next.as_str()]].concat();
            if next == to {
                return Some(longer.into_iter().map(str::to_owned).collect());
            }
            if seen.insert(next) {
                open.insert(0, longer);
            }
        }
    }
    None
}

#[test]
fn no_two_files_of_a_room_need_each_other() {
    let mut faults = Vec::new();
    for dir in ["src".to_owned()].into_iter().chain(MEMBERS.iter().map(|member| format!("{member}/src"))) {
        let modules = Modules::read(&dir);
        for (parent, needs) in modules.needs() {
            let parent = parent.iter().fold(dir.clone(), |path, name| path + "/" + name);
            for from in needs.keys() {
                if let Some(way) = way(&needs, from, from).filter(|way| way.iter().min() == way.first()) {
                    let way = way.join(" needs ");
                    faults.push(format!("{parent}: {way}; move what they share below them"));
                }
            }
        }
    }
    report(&faults);
}

#[test]
fn what_a_file_needs_is_found() {
    let code =
        "pub use child::{A, b::B as C};\nuse super::x::{self, Y};\nlet z = crate::r::s::T::new(&self.t);";
    let found: Vec<String> = mentions(code).iter().map(|mention| mention.path.join("::")).collect();
    assert_eq!(found, ["child::A", "child::b::B", "super::x::self", "super::x::Y", "crate::r::s::T::new"]);
    assert_eq!(mentions(code)[1].handed_on_as.as_deref(), Some("C"));
    let path = |text: &str| -> Path { text.split("::").map(str::to_owned).collect() };
    let mut modules = Modules::default();
    for file in ["room", "room::a", "room::b"] {
        modules.files.insert(path(file), String::new());
    }
    modules.handed_on.insert((path("room"), "B".to_owned()), path("room::b::B"));
    assert_eq!(modules.home(&path("room::B::new"), 8), path("room::b"));
    assert_eq!(modules.home(&path("room::Other"), 8), path("room"));
}
