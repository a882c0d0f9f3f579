# SPDX-License-Identifier: GPL-3.0-or-later
"""The words a worker may use about a part: closed sets, because a worker is hostile once it has opened hostile bytes.

Details and marks end in logs and notices.  If they were free text, a taken-over worker could write a protected
address there (DESIGN P4); so the parent accepts these and nothing else.
"""

from enum import StrEnum


def words(text: str) -> frozenset[str]:
    """Return the set of the words of *text*: how the tables of names here are written."""
    return frozenset(text.split())


class Detail(StrEnum):
    """What a problem may say besides its reason."""

    NONE = ""
    MESSAGE_SIZE = "the message is over the size limit"
    TEXT_OF_PART = "the part has more text than the limit"
    TEXT_OF_MESSAGE = "the message has more text than the limit"
    EXPANDED = "expands to more than the limit"
    MEMBER_SIZE = "a member expands to more than the limit"
    RATIO = "expands like a bomb"
    PAGES = "more pages than the limit"
    XML_SIZE = "an inner part is over the size limit"
    HEADERS = "the header block is over the limit"
    ITEMS = "more places than the limit"
    DEPTH = "nested deeper than the limit"
    PARTS = "more parts than the limit"
    MEMBERS = "more members than the limit"
    PART_TIME = "took longer than one part may"
    MESSAGE_TIME = "took longer than one message may"
    DIED = "the reader died"
    MEMORY = "the reader ran out of memory"
    FAILED = "the reader failed"
    BROKE_RULES = "the reader broke the rules of its line"
    REST_UNREAD = "the rest was not read"
    PASSWORD = "protected by a password"  # noqa: S105 - a phrase, not a secret
    SEALED = "encrypted for its recipient"
    NAMES_ENCRYPTED = "encrypted, and so are the names of what is inside"
    DAMAGED = "damaged"
    NOT_ENCRYPTED = "said to be encrypted, and is not"
    SALVAGED = "damaged; some text was saved"
    OVERLAP = "members overlap"
    BAD_DIRECTORY = "the directory of the archive is wrong"
    BAD_XML = "an inner part is not well-formed"
    ENTITIES = "declares XML entities"
    BAD_ENCODING = "the transfer encoding is wrong"
    METHOD = "compressed in a way that no reader here knows"
    NO_READER = "no reader for this type"
    UNKNOWN_TYPE = "a type that is not known"
    STRINGS_ONLY = "only loose strings were read"
    PARTIAL = "one piece of a message sent in pieces"
    ELSEWHERE = "the content lies elsewhere"
    SCANNED_PAGE = "a page is an image and was not recognised"
    UNMAPPED = "words whose font does not say what they are were not recognised"
    OCR_ABSENT = "a picture was not recognised: text recognition is not installed"
    OCR_PAGES = "more pictures than are recognised in one message"
    OCR_TIME = "recognising pictures took longer than it may"
    ILLEGIBLE = "writing in a picture could not be made out"
    PIXELS = "a picture has more pixels than the limit"
    TWO_BOUNDARIES = "two boundaries are declared"
    TWO_TYPES = "two content types are declared"
    TWO_ENCODINGS = "two transfer encodings are declared"
    NUL_IN_HEADERS = "a NUL byte in the headers"
    BARE_CR = "a lone carriage return in the headers"
    STRUCTURE = "the parts can be told apart in two ways"
    TWO_TEXTS = "a page shows other text than it says it does"
    NO_BOUNDARY = "a multipart without a usable boundary"


class MarkKind(StrEnum):
    """The facts of structure that readers report."""

    TYPE_MISMATCH = "type_mismatch"
    MALFORMED = "malformed"
    SIGNATURE = "signature"
    NO_OCR = "no_ocr"  # nobody asked for the text of this picture, or it is too small to matter
    NO_WORDS = "no_words"  # the picture was recognised, and says nothing
    APPENDED = "appended"  # something stands behind the end of a picture or document, where no viewer looks
    HIDDEN_TEXT = "hidden_text"
    EXTERNAL_LINK = "external_link"
    ACTIVE_CONTENT = "active_content"
    MACROS = "macros"
    TRACKED_CHANGES = "tracked_changes"
    COMMENTS = "comments"
    EMBEDDED = "embedded"
    ATTACHMENTS = "attachments"
    FORM = "form"
    ANNOTATIONS = "annotations"
    EARLIER_REVISION = "earlier_revision"
    UNAPPLIED_REDACTION = "unapplied_redaction"
    CHARSET_GUESSED = "charset_guessed"
    BAD_NAME = "bad_name"
    HIDDEN_SHEET = "hidden_sheet"
    HIDDEN_ROWS = "hidden_rows"
    HIDDEN_COLUMNS = "hidden_columns"
    HIDDEN_NAMES = "hidden_names"
    PIVOT_CACHE = "pivot_cache"
    EXTERNAL_DATA = "external_data"
    DATA_MODEL = "data_model"
    HIDDEN_SLIDE = "hidden_slide"
    SPEAKER_NOTES = "speaker_notes"
    OFF_PAGE_TEXT = "off_page_text"
    COVERED_TEXT = "covered_text"
    CROPPED_IMAGE = "cropped_image"
    OLD_REVISION = "old_revision"
    REORDERED = "reordered"
    ENCODED_TEXT = "encoded_text"


def is_plain(media_type: str) -> bool:
    """Return whether opening this type leaves the worker fit for another message.

    Their readers are plain Python over plain text, and selectolax behind its pre-scan.
    """
    return media_type == "message/rfc822" or media_type.startswith("text/")
