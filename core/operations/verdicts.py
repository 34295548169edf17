"""The words of plans: kinds of operation, verdicts on rows, and their reasons. Pure."""

from __future__ import annotations

from enum import StrEnum


class OperationKind(StrEnum):
    """What an operation does to each of its bookings."""

    #: Cancels, gives back, marks refunded, counts the exam down, writes the note.
    CANCEL = "cancel"
    #: Gives back and marks refunded what is already cancelled and still owed.
    REFUND = "refund"
    #: Sets the seat counts of exams to what their bookings hold. Its rows are exams.
    RECOUNT = "recount"
    #: Gives changes of others their due that our writes wrote over. Its rows are those changes.
    CORRECT = "correct"
    #: Takes a seat and a credit, and creates the booking. Its one row is the booking to be.
    BOOK = "book"
    #: Takes credits back that a refund gave, and clears its marks. Its rows are bookings.
    UNDO = "undo"
    #: Cancels and keeps the credits on purpose: marked, so that they are never owed.
    FORFEIT = "forfeit"
    #: Ties bookings to another exam, credit kept. Its rows are bookings.
    MOVE = "move"
    #: Grants, takes or sets credits by an admin's word. Its rows are changes of balances.
    ADJUST = "adjust"


class Verdict(StrEnum):
    """What a plan says of one row."""

    WILL_CHANGE = "will change"
    SKIP = "skip"
    BLOCKED = "blocked"
    #: Asked for, and left out by whoever previews.
    EXCLUDED = "excluded"


class Why(StrEnum):
    """The reason of a verdict, as people read it."""

    CANCEL_AND_GIVE_BACK = "cancel, and give its credit back"
    CANCEL_ONLY = "cancel; it spent no credit"
    FORFEIT = "cancel, and keep its credit"
    GIVE_BACK = "give its credit back"
    RECOUNT = "set the seat count to what the bookings hold"
    CORRECT = "give the change of somebody else its due"
    BOOK = "book, and spend a credit"
    BOOK_FREE = "book by admin override, without a credit"
    TAKE_BACK = "take its credit back, and clear its mark"
    MOVE = "move to the other exam; its credit is kept"
    GRANT = "give credits"
    TAKE = "take credits"
    SET = "set the balance"
    MEND = "set the balance in place of what cannot be read"
    # excluded
    EXCLUDED = "excluded at the preview"
    # skip
    CORRECTED = "already corrected, or being corrected"
    COUNT_RIGHT = "the seat count is right"
    ALREADY_CANCELLED = "already cancelled; if its credit is owed, use bulk refund"
    ALREADY_REFUNDED = "already refunded"
    MERGED_AWAY = "another booking now"
    NAMED_BEFORE = "the same booking as a row above: they were merged in HubSpot"
    NOT_CANCELLED = "not cancelled, so nothing is owed"
    COMPLETED = "completed, so it cannot be cancelled"
    NO_TOKEN = "spent no credit"
    OVERRIDE = "booked by admin override, so it spent no credit"
    SETTLED = "settled at adoption"
    NOT_OWED = "not owed"
    GIVEN_BACK = "already given back, without a refund mark"
    CLAIMED = "already being given back by another operation"
    CANCELLED_ONCE = "already cancelled, given back or being moved by another operation"
    TAKEN_BACK = "already taken back"
    BEING_TAKEN_BACK = "already being taken back by another operation"
    NOT_MARKED = "not marked refunded any more"
    ACTIVE_AGAIN = "not cancelled any more"
    NOT_ACTIVE = "not active, so it has no seat to move"
    ALREADY_THERE = "already at that exam"
    BEING_CHANGED = "another operation is changing it, or has cancelled it before"
    ALREADY_SO = "the balance is that already"
    ADJUSTED = "already done, or being done by another operation"
    NOT_PUT_BACK = "what stood there could not be read, so it is not put back: set the balance"
    # blocked
    NOT_FOUND = "no such booking in HubSpot"
    OTHERS = "is a booking of another student"
    NO_CONTACT = "has no contact associated"
    SEVERAL_CONTACTS = "has several contacts associated"
    NO_EXAM = "has no exam associated"
    SEVERAL_EXAMS = "has several exams associated"
    HINT_DISAGREES = "its associated_contact_id names another contact than its association"
    UNKNOWN_TOKEN = "its token is not one of the credit types"
    STATUS_UNKNOWN = "its status is not Active, Cancelled or Completed"
    CONTACT_GONE = "its contact is archived or deleted in HubSpot"
    TOKEN_UNREADABLE = "its token cannot be read"
    BALANCE_UNREADABLE = "a balance of its contact cannot be read"
    REFUNDED_YET_ACTIVE = "active, yet marked refunded: a person has to look"
    OUT_OF_RANGE = "its balance would leave what a balance can be"
    NO_STUDENT_ID = "the student has no student id in HubSpot, of which bookings are named"
    EXAM_GONE = "HubSpot has no such exam"
    EXAM_CANCELLED = "the exam is cancelled"
    EXAM_CLOSED = "the exam is not open for booking"
    EXAM_PAST = "exam is over"
    EXAM_BEGUN = "exam has begun"
    DATE_UNCLEAR = "exam date is unclear"
    ATTENDED = "attended"
    ATTENDANCE_UNCLEAR = "attendance is unclear"
    REFUND_UNCLEAR = "refund mark is unclear"
    FORFEITED = "credit kept on purpose"
    MAY_BE_GIVEN_BACK = "may be given back already: a person decides"
    EXAM_DATELESS = "the exam has no date"
    EXAM_FULL = "all seats of the exam are taken"
    NO_SEAT_LEFT = "no seat left at that exam"
    OTHER_CREDIT = "its credit does not pay for exams of that type"
    TARGET_BEGUN = "the exam that it would move to has begun"
    SEATS_UNREADABLE = "the exam's seat count cannot be read"
    DAY_UNCLEAR = "a booking of the student cannot be read, and may be on that date"
    BOOKED_THAT_DAY = "the student has an active booking on that date"
    NO_CREDIT = "the student has no credit for this exam"
    NO_CREDIT_TYPE = "no credit pays for exams of this type"
    MARKED_BY_OTHERS = "marked refunded by somebody else since"
    OF_ANOTHER = "belongs to another contact now than the one who got the credit"
    SPENT = "the credit is spent already"
    BELOW_ZERO = "the balance would go below 0"
    BALANCE_MOVED = "another balance stands there now"
    CREDITS_SPENT = "not as many credits are left"
    ANSWER_MISSING = "not all is answered that this exam asks"

    def told(self, detail: str) -> str:
        """With the values found, where there are any."""
        return f"{self}: {detail}" if detail else str(self)
