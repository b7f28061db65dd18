//! The commands that ask for one operation each, made from the list of operations.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches, value_parser};
use serde_json::Value;
use web::operation::{Argument, ArgumentForm, Command, FromFile, SecondPerson, commands};

use super::Second;

/// Groups of commands that have no other commands, with what is said of them.
const GROUPS: &[(&str, &str)] = &[
    ("ca", "Certification authorities"),
    ("register", "The resident register and the link to it"),
];

/// An operation that is asked for, and with what.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) command: Command,
    pub(crate) second: Second,
    /// By the names of the fields.
    pub(crate) told: Vec<(String, Told)>,
}

/// What an argument told.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    Value(Value),
    /// A secret, in a file.
    Secret(PathBuf),
    /// Fields in JSON, in a file.
    Fields(PathBuf, FromFile),
}

/// The commands of the list that nobody has written by hand.
pub(super) fn made(written: &clap::Command) -> Vec<Command> {
    let of_list = commands().into_iter();
    of_list.filter(|command| !is_there(written, command.words)).collect()
}

/// Adds them to those that are written.
pub(super) fn add(mut root: clap::Command, made: &[Command]) -> clap::Command {
    for command in made {
        let (group, name) = match command.words.split_once(' ') {
            Some((group, name)) => (Some(group), name),
            None => (None, command.words),
        };
        let leaf = leaf(command, name);
        root = match group {
            None => root.subcommand(leaf),
            Some(group) if root.find_subcommand(group).is_some() => {
                root.mut_subcommand(group, |group| group.subcommand(leaf))
            }
            Some(name) => root.subcommand(self::group(name).subcommand(leaf)),
        };
    }
    root
}

/// The operation that is asked for, if it is by one of those that are made.
///
/// # Errors
/// What clap says of the second person.
pub(super) fn asked(
    matches: &ArgMatches,
    made: Vec<Command>,
) -> Result<Option<Listed>, clap::Error> {
    let (mut words, mut leaf) = (Vec::new(), matches);
    while let Some((name, inner)) = leaf.subcommand() {
        words.push(name);
        leaf = inner;
    }
    let words = words.join(" ");
    let found = made.into_iter().find(|command| command.words == words);
    let Some(command) = found else { return Ok(None) };
    let mut told: Vec<_> = command.arguments.iter().filter_map(|one| value(one, leaf)).collect();
    if let Some(file) = command.file
        && let Some(path) = leaf.get_one::<PathBuf>(file.name)
    {
        told.push((file.name.to_owned(), Told::Fields(path.clone(), file)));
    }
    let second = match command.second {
        Some(_) => Second::from_arg_matches(leaf)?,
        None => Second::default(),
    };
    Ok(Some(Listed { command, second, told }))
}

/// Whether there is such a command, and no group of them.
fn is_there(root: &clap::Command, words: &str) -> bool {
    let mut found = Some(root);
    for word in words.split(' ') {
        found = found.and_then(|command| command.find_subcommand(word));
    }
    found.is_some_and(|command| !command.has_subcommands())
}

fn group(name: &'static str) -> clap::Command {
    let about = GROUPS.iter().find(|(known, _)| *known == name);
    let group = clap::Command::new(name).subcommand_required(true).arg_required_else_help(true);
    group.about(about.map_or("", |(_, about)| about))
}

fn leaf(command: &Command, name: &'static str) -> clap::Command {
    let mut leaf = clap::Command::new(name);
    for argument in &command.arguments {
        leaf = leaf.arg(arg(argument));
    }
    if let Some(FromFile { name, about, .. }) = command.file {
        let file = Arg::new(name).value_name(name.to_uppercase()).help(unended(about));
        leaf = leaf.arg(file.required(true).value_parser(value_parser!(PathBuf)));
    }
    let leaf = match command.second {
        None => leaf,
        Some(SecondPerson::May) => Second::augment_args(leaf),
        Some(SecondPerson::Must) => Second::augment_args(leaf)
            .mut_arg("approver", |approver| approver.required_unless_present("approves")),
    };
    leaf.about(unended(&command.about))
}

/// The name of one of what a field has several of.
fn one_of(field: &str) -> String {
    match (field.strip_suffix("ies"), field.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(stem)) => stem.to_owned(),
        (None, None) => field.to_owned(),
    }
}

fn arg(argument: &Argument) -> Arg {
    let Argument { field, about, form, is_list, is_required, has_place } = argument;
    let word = match is_list {
        true => one_of(field),
        false => field.clone(),
    };
    let (id, name) = (field.clone(), word.replace('_', "-"));
    let arg = Arg::new(id).value_name(name.to_uppercase()).help(sentence(about, form));
    let arg = arg.required(*is_required);
    let arg = if *has_place { arg } else { arg.long(name) };
    let arg = if *is_list { arg.action(ArgAction::Append) } else { arg };
    match form {
        ArgumentForm::Flag => arg.action(ArgAction::SetTrue),
        ArgumentForm::Number => arg.value_parser(value_parser!(u64)),
        ArgumentForm::Choice(names) => arg.value_parser(PossibleValuesParser::new(names.clone())),
        ArgumentForm::Secret => arg.value_name("FILE").value_parser(value_parser!(PathBuf)),
        ArgumentForm::Text => arg,
    }
}

/// A sentence as clap's own help has it.
fn unended(sentence: &str) -> String {
    sentence.strip_suffix('.').unwrap_or(sentence).to_owned()
}

/// What is said of an argument.
fn sentence(about: &str, form: &ArgumentForm) -> String {
    match form {
        ArgumentForm::Secret => format!("{}, in a file", unended(about)),
        _ => unended(about),
    }
}

/// What an argument tells, if it was given.
fn value(argument: &Argument, leaf: &ArgMatches) -> Option<(String, Told)> {
    let field = argument.field.as_str();
    let value = match &argument.form {
        ArgumentForm::Flag => Value::from(leaf.get_flag(field).then_some(true)?),
        ArgumentForm::Number => (*leaf.get_one::<u64>(field)?).into(),
        ArgumentForm::Secret => {
            let path = leaf.get_one::<PathBuf>(field)?;
            return Some((field.to_owned(), Told::Secret(path.clone())));
        }
        ArgumentForm::Text | ArgumentForm::Choice(_) if argument.is_list => {
            leaf.get_many::<String>(field)?.cloned().collect::<Vec<_>>().into()
        }
        ArgumentForm::Text | ArgumentForm::Choice(_) => {
            leaf.get_one::<String>(field)?.clone().into()
        }
    };
    Some((field.to_owned(), Told::Value(value)))
}
