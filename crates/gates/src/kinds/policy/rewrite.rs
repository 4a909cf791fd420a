//! Rules in another form that means the same, where the interpreter refuses one that Open Policy Agent runs.
//!
//! The places are found in what the interpreter's own parser makes of a file, and replaced within their lines:
//!
//! - `p[e[_]] { … }` becomes `p[item] { …; item := e[_] }`, as Open Policy Agent's compiler writes it. In a head the
//!   interpreter fails over an `e` that is no collection; in a body it takes it for undefined, as it is.
//! - `x = e[x]` becomes `e[x] == x`. What `x` can be is told by the reference in both; the interpreter looks for it in
//!   the equation alone and finds nothing. A member of a set is itself, so that this holds for all of them.
//! - `some x in e` becomes `some x in [item | item = e[_]]`. Over an `e` that is no collection the interpreter fails, and
//!   the list is then empty; it has what `e` has otherwise.

use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt, Parser, Query, Rule, RuleBody, RuleHead, Source, Span};

/// What is to stand between two places of a text instead.
#[derive(Debug)]
struct Edit {
    start: usize,
    end: usize,
    text: String,
}

/// Writes a policy in the form that the interpreter runs; nothing, when it is in that form or is no policy.
pub(super) fn rewrite(path: &str, text: &str, is_old: bool) -> Option<String> {
    let source = Source::from_contents(path.to_owned(), text.to_owned()).ok()?;
    let mut parser = Parser::new(&source).ok()?;
    if !is_old {
        parser.enable_rego_v1().ok()?;
    }
    let module = parser.parse().ok()?;
    let item = (0..).map(|number| format!("item_{number}")).find(|name| !text.contains(name.as_str()))?;
    let mut edits = Vec::new();
    for rule in &module.policy {
        let Rule::Spec { span, head, bodies } = rule.as_ref() else { continue };
        if let RuleHead::Set { key: Some(key), .. } = head {
            edits.extend(moved(text, key, bodies, span, &item, module.rego_v1).into_iter().flatten());
        }
        let queries = bodies.iter().map(|body| body.query.as_ref()).collect();
        let assigned = bodies.iter().filter_map(|body| body.assign.as_ref()).map(|assign| assign.value.as_ref());
        each_literal(queries, assigned.chain(values(head)).collect(), |literal| {
            edits.extend(equation(literal).or_else(|| membership(literal, &item)));
        });
    }
    apply(text, edits)
}

fn apply(text: &str, mut edits: Vec<Edit>) -> Option<String> {
    edits.sort_by_key(|edit| (edit.start, edit.end));
    if edits.is_empty() || edits.windows(2).any(|pair| pair[0].end > pair[1].start) {
        return None;
    }
    let (mut written, mut at) = (String::new(), 0);
    for edit in &edits {
        written.push_str(text.get(at..edit.start)?);
        written.push_str(&edit.text);
        at = edit.end;
    }
    written.push_str(text.get(at..)?);
    Some(written)
}

fn place(span: &Span) -> (usize, usize) {
    (span.start as usize, span.end as usize)
}

/// Takes a reference that iterates out of the head of a rule, to the end of its only body.
fn moved(text: &str, key: &Expr, bodies: &[RuleBody], rule: &Span, item: &str, needs_if: bool) -> Option<[Edit; 2]> {
    let own = key.span().text();
    if !iterates(key) || own.contains('\n') {
        return None;
    }
    let (start, end) = place(key.span());
    let head = Edit { start, end, text: item.to_owned() };
    let (at, added) = match bodies {
        [] if needs_if => (rule.end as usize, format!(" if {{ {item} := {own} }}")),
        [] => (rule.end as usize, format!(" {{ {item} := {own} }}")),
        [body] if body.query.span.text().starts_with('{') => {
            let brace = (body.span.end as usize).checked_sub(1)?;
            let before = text.get(..brace)?.trim_end_matches([' ', '\t', '\r']);
            let parted = if before.ends_with('\n') { "" } else { "; " };
            (brace, format!("{parted}{item} := {own} "))
        }
        _ => return None,
    };
    let is_brace = bodies.is_empty() || text.as_bytes().get(at) == Some(&b'}');
    is_brace.then_some([head, Edit { start: at, end: at, text: added }])
}

/// Says whether a reference goes through all of something, as `a.b[_]` and `a[i].b` do.
fn iterates(mut expression: &Expr) -> bool {
    let mut found = false;
    loop {
        expression = match expression {
            Expr::RefDot { refr, .. } => refr,
            Expr::RefBrack { refr, index, .. } => {
                found |= matches!(index.as_ref(), Expr::Var { .. });
                refr
            }
            Expr::Var { .. } => return found,
            _ => return false,
        };
    }
}

fn variable(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Var { span, .. } => Some(span.text()),
        _ => None,
    }
}

/// Turns `x = e[x]` round.
fn equation(literal: &LiteralStmt) -> Option<Edit> {
    let Literal::Expr { expr, .. } = &literal.literal else { return None };
    let Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } = expr.as_ref() else { return None };
    let Expr::RefBrack { refr, index, .. } = rhs.as_ref() else { return None };
    let name = variable(lhs).filter(|name| *name != "_" && Some(*name) == variable(index))?;
    let is_other = is_path(refr) && !names(refr).contains(&name);
    let ((start, _), (_, end)) = (place(lhs.span()), place(rhs.span()));
    let text = format!("{} == {name}", rhs.span().text());
    (is_other && !text.contains('\n') && !lhs.span().text().contains('\n')).then_some(Edit { start, end, text })
}

/// Has `some x in e` look through a list of what is in `e`, which is empty when that is no collection.
fn membership(literal: &LiteralStmt, item: &str) -> Option<Edit> {
    let Literal::SomeIn { key: None, value, collection, .. } = &literal.literal else { return None };
    let name = variable(value)?;
    let (own, (start, end)) = (collection.span().text(), place(collection.span()));
    let is_other = is_path(collection) && !names(collection).contains(&name) && !own.contains('\n');
    is_other.then(|| Edit { start, end, text: format!("[{item} | {item} = {own}[_]]") })
}

/// Says whether an expression is a name and what leads on from it by names and texts alone.
fn is_path(mut expression: &Expr) -> bool {
    loop {
        expression = match expression {
            Expr::RefDot { refr, .. } => refr,
            Expr::RefBrack { refr, index, .. } if is_simple(index) => refr,
            Expr::Var { .. } => return true,
            _ => return false,
        };
    }
}

fn is_simple(index: &Expr) -> bool {
    matches!(index, Expr::Var { .. } | Expr::String { .. } | Expr::RawString { .. } | Expr::Number { .. })
}

/// Returns the variables of such a path.
fn names(mut expression: &Expr) -> Vec<&str> {
    let mut names = Vec::new();
    loop {
        names.extend(variable(expression));
        expression = match expression {
            Expr::RefDot { refr, .. } => refr,
            Expr::RefBrack { refr, index, .. } => {
                names.extend(variable(index));
                refr
            }
            _ => return names,
        };
    }
}

/// Returns what the head of a rule has of expressions.
fn values(head: &RuleHead) -> Vec<&Expr> {
    match head {
        RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => {
            assign.iter().map(|assign| assign.value.as_ref()).collect()
        }
        RuleHead::Set { key, .. } => key.iter().map(AsRef::as_ref).collect(),
    }
}

/// Goes through the literals of queries and of all comprehensions in them, without recursion: a file may nest deeply.
fn each_literal<'a>(
    mut queries: Vec<&'a Query>,
    mut expressions: Vec<&'a Expr>,
    mut take: impl FnMut(&'a LiteralStmt),
) {
    loop {
        while let Some(expression) = expressions.pop() {
            parts(expression, &mut expressions, &mut queries);
        }
        let Some(query) = queries.pop() else { return };
        for literal in &query.stmts {
            take(literal);
            match &literal.literal {
                Literal::SomeVars { .. } => {}
                Literal::SomeIn { key, value, collection, .. } => {
                    expressions.extend(key.iter().map(AsRef::as_ref));
                    expressions.extend([value.as_ref(), collection.as_ref()]);
                }
                Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => expressions.push(expr),
                Literal::Every { domain, query, .. } => {
                    expressions.push(domain);
                    queries.push(query);
                }
            }
        }
    }
}

fn parts<'a>(expression: &'a Expr, expressions: &mut Vec<&'a Expr>, queries: &mut Vec<&'a Query>) {
    match expression {
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Var { .. } => {}
        Expr::Array { items, .. } | Expr::Set { items, .. } => expressions.extend(items.iter().map(AsRef::as_ref)),
        Expr::Object { fields, .. } => {
            expressions.extend(fields.iter().flat_map(|(_, key, value)| [key.as_ref(), value.as_ref()]));
        }
        Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
            expressions.push(term);
            queries.push(query);
        }
        Expr::ObjectCompr { key, value, query, .. } => {
            expressions.extend([key.as_ref(), value.as_ref()]);
            queries.push(query);
        }
        Expr::Call { fcn, params, .. } => {
            expressions.push(fcn);
            expressions.extend(params.iter().map(AsRef::as_ref));
        }
        Expr::UnaryExpr { expr, .. } => expressions.push(expr),
        Expr::RefDot { refr, .. } => expressions.push(refr),
        Expr::RefBrack { refr, index, .. } => expressions.extend([refr.as_ref(), index.as_ref()]),
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => expressions.extend([lhs.as_ref(), rhs.as_ref()]),
        Expr::Membership { key, value, collection, .. } => {
            expressions.extend(key.iter().map(AsRef::as_ref));
            expressions.extend([value.as_ref(), collection.as_ref()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use regorus::{Engine, Value};
    use serde_json::json;

    use super::*;

    fn value(text: &str, rule: &str, is_old: bool, input: &serde_json::Value) -> Result<serde_json::Value, String> {
        let mut engine = Engine::new();
        engine.set_rego_v0(is_old);
        engine.add_policy("a.rego".to_owned(), text.to_owned()).map_err(|error| error.to_string())?;
        engine.set_input(serde_json::from_value(input.clone()).unwrap());
        let value = engine.eval_rule(format!("data.a.{rule}")).map_err(|error| error.to_string())?;
        Ok(if value == Value::Undefined { json!("undefined") } else { serde_json::to_value(&value).unwrap() })
    }

    /// What a rule comes to in its other form, which has the same lines.
    fn rewritten(text: &str, rule: &str, is_old: bool, input: &serde_json::Value) -> serde_json::Value {
        let other = rewrite("a.rego", text, is_old).expect("there is another form");
        assert_eq!(other.lines().count(), text.lines().count(), "{other}");
        match value(text, rule, is_old, input) {
            // Where the interpreter runs both, they mean the same to it as well.
            Ok(own) if own != json!("undefined") => assert_eq!(value(&other, rule, is_old, input), Ok(own), "{other}"),
            _ => {}
        }
        value(&other, rule, is_old, input).unwrap_or_else(|error| panic!("{other}\n{error}"))
    }

    #[test]
    fn a_head_that_iterates_over_no_collection_says_nothing() {
        let pod = json!({"pod": {"spec": {"volumes": [{"n": 1}, {"n": 2}]}}});
        let all = json!([{"n": 1}, {"n": 2}]);
        for (is_old, rule) in [
            (true, "p[input.pod.spec.volumes[_]]"),
            (true, "p[input.pod.spec.volumes[_]] { true }"),
            (true, "p[input.pod.spec.volumes[i]] {\n  i >= 0 # why\n}"),
            (true, "p[input.pod.spec.volumes[i]] { some i\n  input.pod.spec.volumes[i].n }"),
            (false, "p contains input.pod.spec.volumes[_]"),
            (false, "p contains input.pod.spec.volumes[_] if { true }"),
            (false, "p contains input.pod.spec.volumes[i] if {\n  some i in [0, 1]\n  i < 9\n}"),
        ] {
            let text = format!("package a\n\n{rule}\n\nq := 1\n");
            assert_eq!(rewritten(&text, "p", is_old, &pod), all, "{rule}");
            for none in [json!({"pod": false}), json!({"pod": {"spec": {"volumes": "x"}}}), json!({}), json!(null)] {
                assert_eq!(rewritten(&text, "p", is_old, &none), json!([]), "{rule}, {none}");
            }
        }
        let default =
            "package a\n\ndefault pod = false\n\npod = input.pod { input.pod.spec }\n\np[pod.spec.volumes[_]]\n";
        assert_eq!(rewritten(default, "p", true, &pod), all);
        assert_eq!(rewritten(default, "p", true, &json!({"pod": 7})), json!([]));
    }

    #[test]
    fn a_member_that_equals_itself_is_found_in_each_collection() {
        let of = |collection: serde_json::Value| {
            let input = json!({ "all": collection });
            rewritten("package a\n\np[x] {\n  x = input.all[x]\n}\n", "p", true, &input)
        };
        // Of an array the places that hold their own number, of an object the names that lead to themselves.
        assert_eq!(of(json!([0, 7, 2])), json!([0, 2]));
        assert_eq!(of(json!({"a": "a", "b": "c"})), json!(["a"]));
        for none in [json!([]), json!("x"), json!(false), json!(null)] {
            assert_eq!(of(none), json!([]));
        }
        let of_set = |members: &str| {
            let text = format!("package a\n\nall = {members}\n\np[x] {{ input.go; x = all[x] }}\n");
            rewritten(&text, "p", true, &json!({"go": true}))
        };
        assert_eq!(of_set(r#"{"b", "a", false, null, {"n": 1}}"#), json!([null, false, "a", "b", {"n": 1}]));
        assert_eq!(of_set("set()"), json!([]));
        let bound = "package a\n\nall = {1, 2}\n\np { x := 2; x = all[x] }\n\nq { x := 3; x = all[x] }\n";
        assert_eq!(rewritten(bound, "p", true, &json!({})), json!(true));
        assert_eq!(rewritten(bound, "q", true, &json!({})), json!("undefined"));
        let within = "package a\n\nall = {1, 2}\n\np = [x | x = all[x]]\n";
        assert_eq!(rewritten(within, "p", true, &json!({})), json!([1, 2]));
    }

    #[test]
    fn a_search_in_no_collection_finds_nothing() {
        for rule in [
            "p contains x if {\n  some x in input.all\n}",
            "p contains x if { some x in input.all; x }",
            "p contains x if {\n  y := input.all\n  some x in y\n}",
            "p := {x | some x in input.all}",
            "p contains x if some x in input.all",
            "p contains x if {\n  input.all\n  some x in input.all # why\n  x == x\n}",
            "f(y) := {x | some x in y}\n\np := f(input.all)",
            "p contains [x, y] if { some x in input.all; some y in input.all; x == y }",
        ] {
            let text = format!("package a\n\n{rule}\n");
            let pairs = rule.contains("[x, y]");
            let all = if pairs { json!([["m", "m"], ["n", "n"]]) } else { json!(["m", "n"]) };
            for collection in [json!(["n", "m"]), json!({"a": "m", "b": "n"})] {
                assert_eq!(rewritten(&text, "p", false, &json!({ "all": collection })), all, "{rule}");
            }
            for none in [json!("text"), json!(7), json!(null), json!([])] {
                assert_eq!(rewritten(&text, "p", false, &json!({ "all": none })), json!([]), "{rule}");
            }
        }
    }

    #[test]
    fn what_the_interpreter_runs_is_left_as_it_is() {
        for rule in [
            "p contains x if { x := input.all[_] }",
            "p contains input.name",
            "p contains input.all[0]",
            "p contains x if { some x in [1, 2]; input.go }",
            "p contains x if { some x in x.y }",
            "p contains x if { some i, x in input.all; i > 0 }",
            "p if { x := input.y; x == input.all[x] }",
            "p if { input.x = input.all[input.x] }",
            "p if { x = x[x] }",
            "p contains concat(\",\", [x | x := input.all[_]])",
            "# p[input.all[_]]\np := \"x = all[x]\"",
        ] {
            assert_eq!(rewrite("a.rego", &format!("package a\n\n{rule}\n"), false), None, "{rule}");
        }
        for torn in ["", "package", "package a\np[", "package a\np { x = y[x"] {
            assert_eq!(rewrite("a.rego", torn, true), None);
        }
    }
}
