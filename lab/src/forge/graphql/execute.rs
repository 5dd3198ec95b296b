//! Walking a query's selections over the objects: aliases, variables, fragments, directives.

use std::collections::HashMap;

use graphql_parser::query::{
    Definition, Directive, Document, Field, FragmentDefinition, Selection, SelectionSet,
    TypeCondition, Value as Literal, VariableDefinition,
};
use serde_json::{Map, Value, json};

use super::object::{Answer, Args, Failure, Object};

/// What an operation does.
pub(super) enum Kind {
    Query,
    Mutation,
}

/// How deep a query may go.
const DEPTH: usize = 40;

/// One execution of a document.
pub(super) struct Execution<'d> {
    fragments: HashMap<&'d str, &'d FragmentDefinition<'d, String>>,
    variables: Map<String, Value>,
    /// The errors of single fields.
    pub(super) errors: Vec<Value>,
}

impl<'d> Execution<'d> {
    pub(super) fn new(
        document: &'d Document<'d, String>,
        declared: &[VariableDefinition<'d, String>],
        given: &Map<String, Value>,
    ) -> Result<Self, Failure> {
        let fragments = document
            .definitions
            .iter()
            .filter_map(|definition| match definition {
                Definition::Fragment(fragment) => Some((fragment.name.as_str(), fragment)),
                Definition::Operation(_) => None,
            })
            .collect();
        let mut execution = Self {
            fragments,
            variables: Map::new(),
            errors: Vec::new(),
        };
        for variable in declared {
            let value = match (given.get(&variable.name), &variable.default_value) {
                (Some(value), _) => value.clone(),
                (None, Some(default)) => execution.value(default)?,
                (None, None) => Value::Null,
            };
            if value.is_null()
                && matches!(
                    variable.var_type,
                    graphql_parser::query::Type::NonNullType(_)
                )
            {
                let name = &variable.name;
                return Err(Failure::Invalid(format!(
                    "Variable ${name} was provided invalid value"
                )));
            }
            execution.variables.insert(variable.name.clone(), value);
        }
        Ok(execution)
    }

    /// The object's answer to a selection.
    pub(super) fn object(
        &mut self,
        object: &Object,
        selection: &SelectionSet<'d, String>,
        path: &[Value],
    ) -> Result<Value, Failure> {
        if path.len() > DEPTH {
            return Err(Failure::Invalid("The query is too deep".to_owned()));
        }
        let mut data = Map::new();
        self.select(object, selection, path, &mut data)?;
        Ok(Value::Object(data))
    }

    fn select(
        &mut self,
        object: &Object,
        selection: &SelectionSet<'d, String>,
        path: &[Value],
        data: &mut Map<String, Value>,
    ) -> Result<(), Failure> {
        for item in &selection.items {
            match item {
                Selection::Field(field) if self.wanted(&field.directives)? => {
                    self.field(object, field, path, data)?;
                }
                Selection::InlineFragment(fragment) if self.wanted(&fragment.directives)? => {
                    let applies = match &fragment.type_condition {
                        Some(TypeCondition::On(condition)) => object.is_a(condition),
                        None => true,
                    };
                    if applies {
                        self.select(object, &fragment.selection_set, path, data)?;
                    }
                }
                Selection::FragmentSpread(spread) if self.wanted(&spread.directives)? => {
                    let name = spread.fragment_name.as_str();
                    let fragment = *self.fragments.get(name).ok_or_else(|| {
                        Failure::Invalid(format!("Fragment {name} was used, but not defined"))
                    })?;
                    let TypeCondition::On(condition) = &fragment.type_condition;
                    if object.is_a(condition) {
                        self.select(object, &fragment.selection_set, path, data)?;
                    }
                }
                Selection::Field(_)
                | Selection::InlineFragment(_)
                | Selection::FragmentSpread(_) => {}
            }
        }
        Ok(())
    }

    fn field(
        &mut self,
        object: &Object,
        field: &Field<'d, String>,
        path: &[Value],
        data: &mut Map<String, Value>,
    ) -> Result<(), Failure> {
        let key = field.alias.as_ref().unwrap_or(&field.name);
        let mut path = path.to_vec();
        path.push(json!(key));
        if field.name == "__typename" {
            data.insert(key.clone(), object.kind.into());
            return Ok(());
        }
        let mut args = Map::new();
        for (name, value) in &field.arguments {
            args.insert(name.clone(), self.value(value)?);
        }
        let value = match object.resolve(&field.name, &Args(args)) {
            Ok(Answer::Leaf(value)) => {
                if !field.selection_set.items.is_empty() && !value.is_null() {
                    return Err(Failure::Invalid(format!(
                        "Selections can't be made on scalars (field '{}')",
                        field.name
                    )));
                }
                value
            }
            Ok(answer) if field.selection_set.items.is_empty() => {
                drop(answer);
                return Err(Failure::Invalid(format!(
                    "Field must have selections (field '{}')",
                    field.name
                )));
            }
            Ok(Answer::Object(inner)) => self.object(&inner, &field.selection_set, &path)?,
            Ok(Answer::List(items)) => {
                let mut values = Vec::with_capacity(items.len());
                for (index, inner) in items.iter().enumerate() {
                    path.push(json!(index));
                    values.push(self.object(inner, &field.selection_set, &path)?);
                    path.pop();
                }
                Value::Array(values)
            }
            Err(failure @ Failure::Invalid(_)) => return Err(failure),
            Err(failure) => {
                let place = field.position;
                self.errors.push(json!({
                    "type": failure.kind(),
                    "path": path,
                    "locations": [{ "line": place.line, "column": place.column }],
                    "message": failure.sentence(),
                }));
                Value::Null
            }
        };
        match (data.get_mut(key), value) {
            // The same key from two fragments: both selections count.
            (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
            (_, value) => {
                data.insert(key.clone(), value);
            }
        }
        Ok(())
    }

    fn wanted(&self, directives: &[Directive<'d, String>]) -> Result<bool, Failure> {
        for directive in directives {
            let condition = match directive.arguments.iter().find(|(name, _)| name == "if") {
                Some((_, value)) => self.value(value)? == Value::Bool(true),
                None => return Err(Failure::Invalid("A directive lacks its 'if'".to_owned())),
            };
            match directive.name.as_str() {
                "include" if !condition => return Ok(false),
                "skip" if condition => return Ok(false),
                "include" | "skip" => {}
                other => {
                    return Err(Failure::Invalid(format!(
                        "Directive @{other} is not defined"
                    )));
                }
            }
        }
        Ok(true)
    }

    fn value(&self, literal: &Literal<'_, String>) -> Result<Value, Failure> {
        Ok(match literal {
            Literal::Variable(name) => self
                .variables
                .get(name)
                .cloned()
                .ok_or_else(|| Failure::Invalid(format!("Variable ${name} is not declared")))?,
            Literal::Int(number) => number.as_i64().into(),
            Literal::Float(number) => (*number).into(),
            Literal::String(text) | Literal::Enum(text) => text.clone().into(),
            Literal::Boolean(flag) => (*flag).into(),
            Literal::Null => Value::Null,
            Literal::List(items) => items
                .iter()
                .map(|item| self.value(item))
                .collect::<Result<_, _>>()?,
            Literal::Object(fields) => {
                let mut object = Map::new();
                for (name, field) in fields {
                    object.insert(name.clone(), self.value(field)?);
                }
                Value::Object(object)
            }
        })
    }
}
