"""HubSpot's own object types beside contacts and notes, with their best-known properties.

Names, type ids and default properties are HubSpot's, as its documentation and its clients give
them. An account that uses none of them has them all the same, without objects.
"""

from __future__ import annotations

from sandbox.hubspot.object_types import (
    ObjectType,
    choice,
    date,
    number,
    options,
    system,
    text,
)
from sandbox.hubspot.standard import pipelines
from sandbox.hubspot.standard.pipelines import DEALS, TICKETS

COMPANIES, PRODUCTS, LINE_ITEMS = "0-2", "0-7", "0-8"
CONVERSATIONS, LEADS = "0-11", "0-136"
QUOTES, COMMUNICATIONS, FEEDBACK, TASKS = "0-14", "0-18", "0-19", "0-27"
MEETINGS, CALLS, EMAILS, GOALS, POSTAL_MAIL = "0-47", "0-48", "0-49", "0-74", "0-116"

PRIORITIES = ("LOW", "MEDIUM", "HIGH", "URGENT")
CREATED, MODIFIED = "createdate", "hs_lastmodifieddate"


def standard_types() -> tuple[ObjectType, ...]:
    """All of them, in order of their type ids."""
    return (
        _companies(),
        _deals(),
        _tickets(),
        _products(),
        _line_items(),
        _quotes(),
        _activity(COMMUNICATIONS, "communication", "communications", "hs_communication_body"),
        _feedback(),
        _activity(TASKS, "task", "tasks", "hs_task_subject", "hs_task_body", "hs_task_status"),
        _activity(MEETINGS, "meeting_event", "meetings", "hs_meeting_title", "hs_meeting_body"),
        _activity(CALLS, "call", "calls", "hs_call_title", "hs_call_body", "hs_call_status"),
        _activity(EMAILS, "email", "emails", "hs_email_subject", "hs_email_text"),
        _leads(),
        _goals(),
        _conversations(),
        _activity(POSTAL_MAIL, "postal_mail", "postal_mail", "hs_postal_mail_body"),
    )


def _companies() -> ObjectType:
    group = "companyinformation"
    names = ("name", "domain", "phone", "city", "country", "industry", "lifecyclestage")
    return ObjectType(
        id=COMPANIES,
        name="company",
        plural="companies",
        scope="companies",
        created=CREATED,
        primary="name",
        defaults=(CREATED, "domain", MODIFIED, "hs_object_id", "name"),
        definitions=(
            *system(group, CREATED, MODIFIED),
            *(text(name, group=group, hubspot_defined=True) for name in names),
            number("annualrevenue", group=group, hubspot_defined=True),
        ),
    )


def _deals() -> ObjectType:
    group = "dealinformation"
    names = ("dealname", "dealtype", "description")
    return ObjectType(
        id=DEALS,
        name="deal",
        plural="deals",
        scope="deals",
        created=CREATED,
        primary="dealname",
        defaults=(
            "amount",
            "closedate",
            CREATED,
            "dealname",
            "dealstage",
            MODIFIED,
            "hs_object_id",
            "pipeline",
        ),
        definitions=(
            *system(group, CREATED, MODIFIED),
            *(text(name, group=group, hubspot_defined=True) for name in names),
            options("pipeline", pipelines.choices(DEALS), group=group, hubspot_defined=True),
            options("dealstage", pipelines.stages(DEALS), group=group, hubspot_defined=True),
            number("amount", group=group, hubspot_defined=True),
            date("closedate", group=group, kind="datetime", hubspot_defined=True),
        ),
    )


def _tickets() -> ObjectType:
    group = "ticketinformation"
    names = ("subject", "content", "hs_ticket_category")
    stage = ("hs_pipeline", "hs_pipeline_stage")
    return ObjectType(
        id=TICKETS,
        name="ticket",
        plural="tickets",
        scope="tickets",
        created=CREATED,
        primary="subject",
        required=("hs_pipeline_stage",),
        defaults=(CREATED, MODIFIED, "hs_object_id", "hs_ticket_priority", *names, *stage),
        definitions=(
            *system(group, CREATED, MODIFIED),
            *(text(name, group=group, hubspot_defined=True) for name in names),
            options(stage[0], pipelines.choices(TICKETS), group=group, hubspot_defined=True),
            options(stage[1], pipelines.stages(TICKETS), group=group, hubspot_defined=True),
            choice("hs_ticket_priority", *PRIORITIES, group=group, hubspot_defined=True),
        ),
    )


def _products() -> ObjectType:
    group = "productinformation"
    names = ("name", "description", "hs_sku", "hs_product_type")
    return ObjectType(
        id=PRODUCTS,
        name="product",
        plural="products",
        scope="products",
        created=CREATED,
        primary="name",
        defaults=(CREATED, "description", MODIFIED, "hs_object_id", "name", "price"),
        definitions=(
            *system(group, CREATED, MODIFIED),
            *(text(name, group=group, hubspot_defined=True) for name in names),
            number("price", group=group, hubspot_defined=True),
        ),
    )


def _line_items() -> ObjectType:
    group = "lineiteminformation"
    return ObjectType(
        id=LINE_ITEMS,
        name="line_item",
        plural="line_items",
        scope="line_items",
        created=CREATED,
        primary="name",
        defaults=(CREATED, MODIFIED, "hs_object_id", "hs_product_id", "quantity"),
        definitions=(
            *system(group, CREATED, MODIFIED),
            *(text(name, group=group, hubspot_defined=True) for name in ("name", "description")),
            *(
                number(name, group=group, hubspot_defined=True)
                for name in ("hs_product_id", "quantity", "price", "amount")
            ),
        ),
    )


def _quotes() -> ObjectType:
    group = "quoteinformation"
    defaults = ("hs_expiration_date", "hs_public_url_key", "hs_status", "hs_title")
    return ObjectType(
        id=QUOTES,
        name="quote",
        plural="quotes",
        scope="quotes",
        primary="hs_title",
        defaults=("hs_createdate", MODIFIED, "hs_object_id", *defaults),
        definitions=(
            *system(group, "hs_createdate", MODIFIED),
            *(text(n, group=group, hubspot_defined=True) for n in ("hs_title", "hs_status")),
            text("hs_public_url_key", group=group, read_only=True, hubspot_defined=True),
            date("hs_expiration_date", group=group, hubspot_defined=True),
        ),
    )


def _feedback() -> ObjectType:
    group = "feedback_submission_information"
    names = ("hs_survey_name", "hs_survey_type", "hs_content", "hs_response_group")
    return ObjectType(
        id=FEEDBACK,
        name="feedback_submission",
        plural="feedback_submissions",
        scope="feedback_submissions",
        primary="hs_survey_name",
        defaults=("hs_createdate", MODIFIED, "hs_object_id"),
        definitions=(
            *system(group, "hs_createdate", MODIFIED),
            *(text(n, group=group, read_only=True, hubspot_defined=True) for n in names),
        ),
    )


def _leads() -> ObjectType:
    group = "lead_information"
    names = ("hs_lead_name", "hs_lead_type", "hs_lead_label")
    return ObjectType(
        id=LEADS,
        name="lead",
        plural="leads",
        scope="leads",
        primary="hs_lead_name",
        defaults=("hs_createdate", MODIFIED, "hs_object_id"),
        definitions=(
            *system(group, "hs_createdate", MODIFIED),
            *(text(n, group=group, hubspot_defined=True) for n in names),
        ),
    )


def _conversations() -> ObjectType:
    group = "conversation_information"
    return ObjectType(
        id=CONVERSATIONS,
        name="conversation",
        plural="conversations",
        primary="hs_thread_id",
        defaults=("hs_createdate", MODIFIED, "hs_object_id"),
        definitions=(
            *system(group, "hs_createdate", MODIFIED),
            text("hs_thread_id", group=group, read_only=True, hubspot_defined=True),
        ),
    )


def _goals() -> ObjectType:
    group = "goal_target_information"
    return ObjectType(
        id=GOALS,
        name="goal_target",
        plural="goal_targets",
        scope="goals",
        primary="hs_goal_name",
        defaults=("hs_createdate", MODIFIED, "hs_object_id"),
        definitions=(
            *system(group, "hs_createdate", MODIFIED),
            text("hs_goal_name", group=group, hubspot_defined=True),
            number("hs_target_amount", group=group, hubspot_defined=True),
        ),
    )


def _activity(id_: str, name: str, plural: str, *names: str) -> ObjectType:
    """An activity: what happened with a record, at `hs_timestamp`."""
    group = name
    return ObjectType(
        id=id_,
        name=name,
        plural=plural,
        primary=names[0],
        required=("hs_timestamp",),
        defaults=("hs_createdate", MODIFIED, "hs_object_id"),
        definitions=(
            *system(group, "hs_createdate", MODIFIED),
            date("hs_timestamp", group=group, kind="datetime", hubspot_defined=True),
            *(text(one, group=group, hubspot_defined=True) for one in names),
        ),
    )
