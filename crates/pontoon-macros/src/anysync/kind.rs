//! What a function is a function of, told by its signature or by an option.

use super::{args::Options, function::Function};
use crate::errors::Errors;
use syn::{
    FnArg, GenericArgument, PathArguments, PathSegment, ReturnType, Type, TypeParamBound, spanned::Spanned as _,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Future,
    Stream,
    Context,
}

impl Kind {
    /// The kind that an option names.
    pub(crate) fn named(option: &str) -> Option<Self> {
        match option {
            "future" => Some(Self::Future),
            "stream" => Some(Self::Stream),
            "context" => Some(Self::Context),
            _ => None,
        }
    }

    fn of_trait(name: &str) -> Option<Self> {
        match name {
            "Future" => Some(Self::Future),
            "Stream" => Some(Self::Stream),
            "AsyncContext" => Some(Self::Context),
            _ => None,
        }
    }
}

/// Where in the returned type the value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// It is the returned type.
    Itself,
    /// In a `Result` or an `Option`: its first argument.
    Inside,
}

/// A value that the function returns, to be wrapped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    pub(crate) kind: Kind,
    pub(crate) place: Where,
}

/// How the function is to be rewritten.
#[derive(Debug)]
pub(crate) enum Plan {
    /// An `async fn`, and what its output holds.
    Async(Option<Value>),
    /// An `async fn` with a hand, at this place among its arguments, for what it hands over.
    Generator { hand: usize, value: Box<Type> },
    /// A plain function that returns a value.
    Plain(Value),
}

impl Plan {
    pub(crate) fn of(function: &Function, options: &Options, errors: &mut Errors) -> Option<Self> {
        let sig = &function.sig;
        let kind = options.kind.as_ref().map(|(_, kind)| *kind);
        if sig.asyncness.is_none() {
            return Self::plain(function, options, errors);
        }
        // A future by name keeps its hand as an argument like any other.
        if kind != Some(Kind::Future) {
            match hand(function, errors) {
                Hands::None => {}
                Hands::Fault => return None,
                Hands::One { hand, value } => match &options.kind {
                    Some((name, Kind::Stream)) => {
                        errors.at(name, "a function with a `Hand` is a context; remove `stream`, or the hand");
                        return None;
                    }
                    _ => {
                        context_result(&sig.output, errors);
                        return Some(Self::Generator { hand, value });
                    }
                },
            }
        }
        let value = match (kind, &sig.output) {
            (None | Some(Kind::Future), output) => returned(output).filter(|value| value.kind != Kind::Future),
            (Some(kind), ReturnType::Type(_, ty)) => Some(Value { kind, place: place(ty) }),
            (Some(_), ReturnType::Default) => {
                nothing_returned(options, errors);
                return None;
            }
        };
        Some(Self::Async(value))
    }

    fn plain(function: &Function, options: &Options, errors: &mut Errors) -> Option<Self> {
        let sig = &function.sig;
        match (&options.kind, &sig.output) {
            (Some((_, kind)), ReturnType::Type(_, ty)) => Some(Self::Plain(Value { kind: *kind, place: place(ty) })),
            (Some(_), ReturnType::Default) => {
                nothing_returned(options, errors);
                None
            }
            (None, output) => {
                let value = returned(output);
                if value.is_none() {
                    let name = &sig.ident;
                    let text = format!(
                        "`{name}` gives nothing to run: make it an `async fn`, or let it return `impl Stream`, \
                         `impl Future` or `impl AsyncContext`; if it returns a named type that is one, say which: \
                         `#[anysync(stream)]`"
                    );
                    match output {
                        ReturnType::Type(_, ty) => errors.at(ty, text),
                        ReturnType::Default => errors.at(sig.fn_token, text),
                    }
                }
                value.map(Self::Plain)
            }
        }
    }
}

fn nothing_returned(options: &Options, errors: &mut Errors) {
    if let Some((name, _)) = &options.kind {
        errors.at(name, format_args!("the function returns nothing that could be a {name}; give it a return type"));
    }
}

enum Hands {
    None,
    Fault,
    One { hand: usize, value: Box<Type> },
}

/// The one argument that is a `Hand<T>`.
fn hand(function: &Function, errors: &mut Errors) -> Hands {
    let mut found = Hands::None;
    for (place, input) in function.sig.inputs.iter().enumerate() {
        let FnArg::Typed(argument) = input else { continue };
        let Some(segment) = last_segment(&argument.ty).filter(|segment| segment.ident == "Hand") else { continue };
        let Some(value) = first_argument(segment) else {
            errors.at(&argument.ty, "a hand needs the type that it hands over: `Hand<T>`");
            return Hands::Fault;
        };
        if let Hands::One { .. } = found {
            errors.at(&argument.ty, "a context hands one value over; hand a tuple over, and remove this `Hand`");
            return Hands::Fault;
        }
        found = Hands::One { hand: place, value: Box::new(value.clone()) };
    }
    found
}

/// Refuses a result that cannot be a context function's. Which type a name stands for, only the compiler knows.
fn context_result(output: &ReturnType, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = output else { return };
    let wrong = match last_segment(ty) {
        Some(segment) if segment.ident == "Result" => match first_argument(segment) {
            Some(value) if !is_unit(value) => Some(value),
            _ => None,
        },
        Some(segment) => {
            let name = segment.ident.to_string();
            let known = ["Box", "Option", "String", "Vec"].contains(&&*name);
            (known || name.starts_with(char::is_lowercase)).then_some(&**ty)
        }
        None => (!is_unit(ty) && !matches!(bare(ty), Type::Macro(_))).then_some(&**ty),
    };
    if let Some(wrong) = wrong {
        let text = "a context function returns nothing or a `Result<(), E>`; what the context gives is handed over: \
                    `hand.over(value).await`";
        errors.at(wrong, text);
    }
}

pub(crate) fn is_unit(ty: &Type) -> bool {
    matches!(bare(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// The value that a returned type shows: an `impl Trait` of a kind, itself or inside.
fn returned(output: &ReturnType) -> Option<Value> {
    let ReturnType::Type(_, ty) = output else { return None };
    let place = place(ty);
    let ty = match place {
        Where::Itself => bare(ty),
        Where::Inside => bare(last_segment(ty).and_then(first_argument)?),
    };
    let Type::ImplTrait(shown) = ty else { return None };
    let kind = shown.bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => Kind::of_trait(&bound.path.segments.last()?.ident.to_string()),
        _ => None,
    })?;
    Some(Value { kind, place })
}

fn place(ty: &Type) -> Where {
    match last_segment(ty) {
        Some(segment) if segment.ident == "Result" || segment.ident == "Option" => match first_argument(segment) {
            Some(_) => Where::Inside,
            None => Where::Itself,
        },
        _ => Where::Itself,
    }
}

/// Without the parentheses and invisible groups around it.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        ty => ty,
    }
}

pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// The type arguments of a path's last segment.
pub(crate) fn arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

fn first_argument(segment: &PathSegment) -> Option<&Type> {
    arguments(segment).next()
}

/// Whether it is `!`, which is no type yet outside of a return.
pub(crate) fn is_never(output: &ReturnType) -> Option<proc_macro2::Span> {
    match output {
        ReturnType::Type(_, ty) => matches!(bare(ty), Type::Never(_)).then(|| ty.span()),
        ReturnType::Default => None,
    }
}
