"""Notices: one sentence above a page, named by a stable word in ``?notice=``. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass

from slotsvc.portal.languages import marked


@dataclass(frozen=True, slots=True)
class Notice:
    """``text`` is a message id; ``kind`` how it looks: good, info, warn or bad."""

    text: str
    kind: str = "good"


NOTICES: dict[str, Notice] = {
    "SAVED": Notice(marked("Saved.")),
    "BOOKED": Notice(marked("Your appointment is booked.")),
    "MOVED": Notice(marked("Your appointment has a new time.")),
    "SAME_TIME": Notice(
        marked("That is the time your appointment has already. Nothing was changed."), "info"
    ),
    "CANCELLED": Notice(marked("Your appointment is cancelled.")),
    "MORE_TIME": Notice(marked("You have some more minutes to decide."), "info"),
    "NO_MORE_TIME": Notice(
        marked("More time was given before. Please confirm, or choose another time."), "warn"
    ),
    "SIGNED_OUT": Notice(marked("You are signed out.")),
    "SIGNED_OUT_EVERYWHERE": Notice(marked("You are signed out everywhere else.")),
    "CODE_GONE": Notice(
        marked("That code does not work any more. Please ask for a new one."), "warn"
    ),
    "LINK_NEW": Notice(marked("You have a new portal link. The old one does not work any more.")),
    "LINK_OFF": Notice(marked("Your portal link is switched off.")),
    "PASSWORD_SET": Notice(marked("Your user name and password are set.")),
    "ADDRESS_CHANGED": Notice(
        marked("Changed. For your safety you are signed out everywhere else.")
    ),
    # the company's pages
    "DRAFT_KEPT": Notice(marked("Kept as a draft. Clients do not see it before you save.")),
    "DRAFT_DISCARDED": Notice(marked("The draft is discarded.")),
    "UNIT_SAVED": Notice(marked("The business unit is saved. The settings are in force.")),
    "CHANGED_MEANWHILE": Notice(
        marked("Somebody else changed this business unit meanwhile. Nothing was done."), "warn"
    ),
    "BULK_DONE": Notice(marked("Done for all clients of the list you saw.")),
    "CLIENT_ADDED": Notice(marked("The client is added. Now add the people who may sign in.")),
    "CONTACT_SAVED": Notice(marked("The contact is saved.")),
    "CONTACT_SAVED_LINK_DEAD": Notice(
        marked("The contact is saved. The portal link went to the old address: it is off now."),
        "warn",
    ),
    "CONTACT_INVITED": Notice(marked("The invitation is on its way.")),
    "CANNOT_INVITE": Notice(
        marked("An invitation needs an e-mail address, and somebody who can come in."), "warn"
    ),
    "CONTACT_LINK_NEW": Notice(marked("There is a new link. The old one does not work any more.")),
    "CONTACT_LINK_OFF": Notice(marked("The link is taken back. It does not work any more.")),
    "LINK_SENT": Notice(marked("The link is on its way.")),
    "CANNOT_SEND_LINK": Notice(
        marked("The link cannot be sent: see below what keeps this person out."), "warn"
    ),
    "NO_PERMANENT_CODE": Notice(
        marked("Portal links are switched off for this business unit."), "warn"
    ),
    "OUT_OF_CREDITS": Notice(
        marked("The business unit has no credits left for text messages. Nothing was sent."), "bad"
    ),
    "SMS_REFUSED": Notice(
        marked("No text message can be sent to this number. Nothing was sent."), "bad"
    ),
    "UNIT_NOT_ACTIVE": Notice(
        marked("The portal of this business unit is not active: there is nothing to see."), "warn"
    ),
    "TEST_CREATED": Notice(
        marked("The test intervention is there. It waits to be scheduled by the client.")
    ),
    "TEST_CANCELLED": Notice(marked("The test intervention is cancelled.")),
    "TEST_NOT_CANCELLED": Notice(
        marked("This test intervention cannot be cancelled any more. Nothing was done."), "warn"
    ),
    "CLIENT_ADDED_REF_UNKNOWN": Notice(
        marked(
            "The client is added, but no site in the scheduling service has this reference yet. "
            "Please check it below."
        ),
        "warn",
    ),
    "REF_IN_USE": Notice(
        marked(
            "The reference cannot be changed any more: there are sign-ins or interventions, or "
            "the scheduling service does not answer. Nothing was saved."
        ),
        "warn",
    ),
    "CLIENT_REMOVED": Notice(marked("The client is removed from the portal.")),
    "CLIENT_IN_USE": Notice(
        marked("Somebody of this client came in before: switch the access off instead."), "warn"
    ),
    "CONTACT_REMOVED": Notice(marked("The contact is removed.")),
    "CONTACT_IN_USE": Notice(
        marked("This person came in before: take the tick “Portal user” away instead."), "warn"
    ),
    "TEST_NOT_POSSIBLE": Notice(
        marked("Choose a site of this client and an activity type that is shown."), "warn"
    ),
    "STAFF_INVITED": Notice(marked("Invited. The link is on its way by e-mail.")),
    "STAFF_RESET": Notice(marked("The old login is gone. A new link is on its way by e-mail.")),
    "STAFF_DISABLED": Notice(marked("Shut out, and signed out everywhere.")),
    "STAFF_PASSWORD_SET": Notice(
        marked("Your password is changed. You are signed out everywhere else.")
    ),
    "STAFF_ENABLED": Notice(marked("Let in again.")),
}


def notice_of(word: str | None) -> Notice | None:
    """The notice of a word; None for words that nobody knows."""
    return NOTICES.get(word or "")
