# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the sample messages: invented people, real MIME, real documents.

    python samples/build.py          writes samples/messages/*.eml anew (wants the development dependencies)

The built messages are committed, so that trying safehold needs no more than safehold; a test builds them again and
compares.  What each shows, its envelope and what must become of it stand in ``messages.yaml``.
"""

from collections.abc import Callable, Iterable
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from pathlib import Path

from documents import DOCX, JPEG, PDF, ZIP, pdf, photograph, word, zipped
from zipcrypto import locked_zip

FOLDER = Path(__file__).parent / "messages"

WORKER = "Jo Marlow <jo.marlow@riverbank.example>"
LEGAL = "Legal Services <legal@riverbank.example>"
GARETH = "Gareth Wren <gareth.wren@postbox.example>"
ADVOCATE = "Refuge advocate <advocate@haven.example>"
CRAIG = "Craig Dunmore <craig.dunmore@postbox.example>"
PRINT_ROOM = "Print room <print-room@riverbank.example>"

Attachment = tuple[str, str, bytes]


def message(
    name: str, sender: str, to: str, subject: str, text: str, *attachments: Attachment, cc: str = "", html: bool = False
) -> bytes:
    """Return a message as it crosses the wire: CRLF line ends, with Date and Message-ID, so that no MTA adds one."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = sender, to
    if cc:
        mail["Cc"] = cc
    mail["Subject"] = subject
    mail["Date"] = "Mon, 02 Jun 2025 09:41:00 +0100"
    mail["Message-ID"] = f"<{name}@samples.riverbank.example>"
    mail.set_content(text, cte="quoted-printable")
    if html:
        mail.add_alternative(_html(text), subtype="html", cte="quoted-printable")
    for file_name, media_type, content in attachments:
        main, _, sub = media_type.partition("/")
        mail.add_attachment(content, maintype=main, subtype=sub, filename=file_name)
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{name}_{number}")
    return mail.as_bytes()


def _html(text: str) -> str:
    paragraphs = "".join(f"<p>{escape(p).replace(chr(10), '<br>')}</p>\n" for p in text.strip().split("\n\n"))
    return f'<!DOCTYPE html>\n<html lang="en-GB"><body style="font-family: sans-serif">\n{paragraphs}</body></html>\n'


# -- documents that several messages carry ----------------------------------------------------------------------


def hearing_bundle() -> Attachment:
    """The bundle of Wakefield's case: harmless in front, and the address on page 3, inside a medical report."""
    bundle = pdf(
        "Hearing bundle",
        [
            "Hearing bundle",
            "1  Order of 12 May 2025\n2  Statement of the father\n3  Letter from the health centre",
        ],
        [
            "Statement of Gareth Wren",
            "I live at 3 Cooper Street, Oldbridge PF2 8HD. I have not seen my son since February.",
            "I ask the court to let me write to him once a month.",
        ],
        [
            "Letter from the health centre",
            "Re: Marta Wren\n27 Larkspur Lane\nWestmere\nPenfold\nPF7 3QX",
            "I saw Ms Wren on 6 May 2025. The injury to her wrist has healed and no further care is needed.",
        ],
    )
    return "bundle.zip", ZIP, zipped({"bundle/hearing bundle.pdf": bundle, "bundle/read me.txt": b"For Thursday.\r\n"})


def adoption_summary() -> Attachment:
    """A table in a Word document that names the adoptive home."""
    return (
        "summary.docx",
        DOCX,
        word(
            "Summary for the file",
            "# Summary for the file",
            "Prepared for the hearing of 19 June 2025.",
            [
                ["Child", "Isla Ferncliffe"],
                ["Home", "5 Orchard Mews, Tarnfield, Eastholm DV4 9WT"],
                ["School", "Saint Brannock Primary School"],
            ],
            "Letters come twice a year, through the letterbox service.",
            header="Riverbank Council, adoption team",
        ),
    )


def care_papers() -> Attachment:
    """A care plan, as social workers write them."""
    return (
        "papers for the weekend.docx",
        DOCX,
        word(
            "Care plan",
            "# Care plan",
            "For the looked after review on 9 June 2025.",
            "# Wishes and feelings",
            "T. would like to stay with his foster carers and to keep football on Saturdays.",
            "# Contact arrangements",
            "Mother: once a month, at the family centre, supervised.",
            "# Health and education",
            "Eye test due in July. The school reports good progress in reading.",
        ),
    )


def locked_report() -> Attachment:
    """A report that nobody can open without the password: not the gateway, and not its reviewers."""
    report = b"Report\r\n\r\nMarta Wren, 27 Larkspur Lane, Westmere, Penfold PF7 3QX\r\n" * 40
    return "report.zip", ZIP, locked_zip([("report.txt", report)], "riverbank2025")


def photographed_letter() -> Attachment:
    """A letter as somebody photographed it on a desk: no text in it for a machine, all of it for the eye."""
    return (
        "IMG_0412.jpg",
        JPEG,
        photograph(
            "Riverbank Health Centre",
            "",
            "Ms Marta Wren",
            "27 Larkspur Lane",
            "Westmere",
            "Penfold",
            "PF7 3QX",
            "",
            "Dear Ms Wren",
            "",
            "Thank you for coming to see us on 6 May.",
            "The injury to your wrist has healed well, and you",
            "need no further care. Please call the reception if",
            "it troubles you again.",
            "",
            "Yours sincerely",
            "The practice nurse",
        ),
    )


def visit_record() -> Attachment:
    """A page about one child, with what makes him known: his name, his home, the number of his case."""
    return (
        "visit.pdf",
        PDF,
        pdf(
            "Record of a visit",
            [
                "Record of a visit",
                "Child: Oscar Pettifer\nAddress: 9 Weir Cottages, Oldbridge PF2 6QN\nOur reference: CS-204417",
                "Oscar was at home with his mother. He showed us his school books. The next visit is on 16 June.",
            ],
        ),
    )


def carer_review() -> Attachment:
    """A yearly review of foster carers, which tells everything about a household."""
    return (
        "annual review.docx",
        DOCX,
        word(
            "Foster carer review",
            "# Foster carer review",
            "For the panel on 12 June 2025.",
            [
                ["Carer", "Alun Prosser-Kaye"],
                ["Home", "18 Tollgate Close, Northwell GF4 2HR"],
                ["Household members", "two adults, one child in placement"],
            ],
            "# Standards of care",
            "Met in full. The carer has asked for a second placement.",
            header="Riverbank Council, fostering",
        ),
    )


def conference_minutes() -> Attachment:
    """Minutes that name nobody, as minutes should; what they are about is plain all the same."""
    return (
        "minutes.docx",
        DOCX,
        word(
            "Minutes",
            "# Child protection conference",
            "2 June 2025, Riverbank, room 4.",
            "The child protection plan continues. Category of harm: neglect.",
            "# Core group",
            "Every six weeks, first on 30 June. The parents agree with the plan.",
        ),
    )


def letter(*lines: str, salutation: str) -> bytes:
    """A letter for the print room, with the window's address block first."""
    return word(
        "Letterbox exchange",
        "Riverbank Council, Adoption Support, PO Box 20, Riverbank",
        *lines,
        "2 June 2025",
        salutation,
        "# Letterbox exchange",
        "We have moved this year's exchange to July. Isla is well and has settled in at school.",
        "You can still write to us at any time. Please do not send parcels to the family's home "
        "(5 Orchard Mews, Tarnfield, Eastholm DV4 9WT), as they have asked to receive everything through this office.",
        "Yours sincerely",
        "Adoption Support",
    )


# -- the messages -----------------------------------------------------------------------------------------------


def _bundle(name: str, to: str, *, cc: str = "") -> bytes:
    text = "Hello,\n\nthe papers for Thursday are attached.\n\nKind regards\nJo Marlow\n"
    return message(name, WORKER, to, "Papers for Thursday", text, hearing_bundle(), cc=cc, html=True)


def _summary(name: str, to: str) -> bytes:
    text = "Dear all,\n\nplease find the summary attached, as discussed on the phone.\n\nLegal Services\n"
    return message(name, LEGAL, to, "Summary", text, adoption_summary())


def _papers(name: str, to: str) -> bytes:
    return message(name, WORKER, to, "For the weekend", "Attached.\n", care_papers())


def _locked(name: str, to: str) -> bytes:
    text = "Hello,\n\nthe report is attached. The password follows by text message.\n\nJo Marlow\n"
    return message(name, WORKER, to, "Report", text, locked_report())


def _photograph(name: str, to: str) -> bytes:
    text = "Hello,\n\na photo of the letter, as promised.\n\nJo Marlow\n"
    return message(name, WORKER, to, "The letter", text, photographed_letter())


def _letter(name: str, content: bytes) -> bytes:
    return message(
        name,
        WORKER,
        PRINT_ROOM,
        "Letter, second class",
        "One copy, window envelope, please.\n",
        ("l1.docx", DOCX, content),
    )


def _about_applicant(name: str, to: str) -> bytes:
    """Return what an offender manager wrote: in good faith, and to whom it must not be written."""
    text = (
        "Hello,\n\nyou asked why we called. Tamsin Ollerenshaw has asked about you under Clare's Law, and we have to "
        "answer her by 20 June.\n\nOffender management\n"
    )
    return message(name, "Offender management <om@riverbank.example>", to, "Your question of Friday", text)


def _disclosure(name: str, to: str) -> bytes:
    """Return the same matter between those who work on it."""
    text = (
        "Hi,\n\nDVDS application of Tamsin Ollerenshaw: she can be rung on 07700 900551, mornings only. Decision by "
        "20 June.\n\nOffender management\n"
    )
    return message(name, "Offender management <om@riverbank.example>", to, "Application", text)


def _visit(name: str, to: str) -> bytes:
    return message(name, WORKER, to, "Our visit", "Dear parents,\n\nas agreed.\n\nJo Marlow\n", visit_record())


def _review(name: str, to: str, cc: str) -> bytes:
    sender = "Fostering <fostering@riverbank.example>"
    return message(name, sender, to, "Panel papers", "Dear all,\n\nfor the panel.\n", carer_review(), cc=cc)


def _minutes(name: str, to: str) -> bytes:
    return message(
        name, WORKER, to, "Minutes", "Dear Ms Pettifer,\n\nthe minutes.\n\nJo Marlow\n", conference_minutes()
    )


def _appointment(name: str, content: bytes) -> bytes:
    return message(
        name, WORKER, PRINT_ROOM, "Letter", "One copy, window envelope, please.\n", ("l2.docx", DOCX, content)
    )


def appointment_letter(*lines: str) -> bytes:
    """A letter to a mother about her son, for the print room."""
    return word(
        "Appointment",
        "Riverbank Council, Children's Services, PO Box 20, Riverbank",
        *lines,
        "2 June 2025",
        "Dear Ms Pettifer",
        "We should like to see you about Oscar Pettifer on 16 June at 10:30. Our reference is CS-204417.",
        "Yours sincerely",
        "Children's Services",
    )


def _clinic(name: str, to: str) -> bytes:
    """Return a harmless mail whose list of recipients is what must not be read."""
    text = "Hello,\n\nthe clinic is closed on 9 June. Repeat prescriptions are at the desk.\n\nRiverbank clinic\n"
    return message(name, "Riverbank clinic <clinic@riverbank.example>", to, "Opening hours", text)


def private_person(name: str) -> bytes:
    """Return a mail about somebody who asked for privacy, to one whom she named and to one whom she did not."""
    text = (
        "Hi both,\n\nIris Vantongeren has moved to 2 Chandlery Wharf, Westmere PF9 1KD; her number is 07700 900683. "
        "Please update your lists.\n\nHousing\n"
    )
    to = "Housing lead <housing.lead@riverbank.example>, Parking <parking@riverbank.example>"
    return message(name, "Housing <housing@riverbank.example>", to, "Change of address", text)


def newsletter(name: str) -> bytes:
    """Return what most mail is: nothing to do with anybody here."""
    text = (
        "News from Riverbank libraries\n\n"
        "The library in Station Road opens on Saturdays again, from 10am to 4pm. Story time for under fives is on "
        "Tuesdays at 10:30; there is no need to book.\n\n"
        "The summer reading challenge starts on 5 July. Call 01632 960 100 or reply to this mail to stop these mails.\n"
    )
    return message(
        name,
        "Riverbank libraries <news@riverbank.example>",
        "Readers <readers@riverbank.example>",
        "June news",
        text,
        html=True,
    )


def handover(name: str) -> bytes:
    """Return an everyday mail between people who may know."""
    text = (
        "Hi,\n\nMarta Wren has moved in at 27 Larkspur Lane, Westmere, Penfold PF7 3QX. Her new number: 07700 900142. "
        "Please visit before Friday.\n\nJo\n"
    )
    return message(name, WORKER, "Duty desk <duty@riverbank.example>", "New placement", text, cc=ADVOCATE)


def known_address(name: str) -> bytes:
    """Return a mail to the man himself that names only the house he lives in."""
    text = (
        "Dear Mr Wren,\n\nwe have written to you at 3 Cooper Street, Oldbridge PF2 8HD and had no answer. "
        "Please call us on 01632 960 001.\n\nRiverbank Council\n"
    )
    return message(name, WORKER, GARETH, "Our letter of 14 May", text)


BUILDERS: dict[str, Callable[[str], bytes]] = {
    "safe-address-to-adverse": lambda name: _bundle(name, GARETH),
    "safe-address-to-court": lambda name: _bundle(name, "Court office <listings@familycourt.example>"),
    "safe-address-to-both": lambda name: _bundle(name, "Court office <listings@familycourt.example>", cc=GARETH),
    "adoptive-home-to-prison": lambda name: _summary(name, "HMP Fenmoor <mail-in@hmp-fenmoor.example>"),
    "adoptive-home-to-solicitor": lambda name: _summary(name, "Briar Law <office@briarlaw.example>"),
    "adoptive-home-to-court": lambda name: _summary(name, "Court office <listings@familycourt.example>"),
    "case-papers-to-own-mailbox": lambda name: _papers(name, "jo.marlow.home@homemail.example"),
    "case-papers-to-health-partner": lambda name: _papers(name, "School nurse <nurse@nhs-trust.example>"),
    "letter-to-birth-mother": lambda name: _letter(
        name,
        letter("Ms Kelly Hoyle", "8 Station Terrace", "Oldbridge", "PF2 4NB", salutation="Dear Ms Hoyle"),
    ),
    "letter-to-adoptive-parents": lambda name: _letter(
        name,
        letter("Mr and Mrs Ferncliffe", "5 Orchard Mews", "Tarnfield", "Eastholm", "DV4 9WT", salutation="Dear both"),
    ),
    "locked-archive-to-adverse": lambda name: _locked(name, GARETH),
    "locked-archive-to-advocate": lambda name: _locked(name, ADVOCATE),
    "photographed-letter-to-adverse": lambda name: _photograph(name, GARETH),
    "applicant-to-partner": lambda name: _about_applicant(name, CRAIG),
    "applicant-to-officer": lambda name: _disclosure(
        name, "Disclosure officer <disclosure.officer@riverbank.example>, Police unit <unit@police.example>"
    ),
    "applicant-to-colleague": lambda name: _disclosure(name, "Parking <parking@riverbank.example>"),
    "case-to-wrong-family": lambda name: _visit(name, "The Brannigans <brannigans@homemail.example>"),
    "case-to-mother": lambda name: _visit(name, "Hannah Pettifer <hannah.pettifer@homemail.example>"),
    "foster-papers-to-seven": lambda name: _review(
        name,
        "Medical adviser <medical.adviser@nhs-trust.example>, Ward A <ward.a@nhs-trust.example>, "
        "Ward B <ward.b@nhs-trust.example>",
        "Dentist <dentist@nhs-trust.example>, Physiotherapy <physio@nhs-trust.example>, "
        "Pharmacy <pharmacy@nhs-trust.example>, Reception <reception@nhs-trust.example>",
    ),
    "foster-papers-to-panel": lambda name: _review(
        name,
        "Medical adviser <medical.adviser@nhs-trust.example>",
        "Panel <panel@riverbank.example>",
    ),
    "minutes-to-old-mailbox": lambda name: _minutes(name, "Hannah Pettifer <h.sutton@homemail.example>"),
    "minutes-to-mother": lambda name: _minutes(name, "Hannah Pettifer <hannah.pettifer@homemail.example>"),
    "letter-to-old-address": lambda name: _appointment(
        name, appointment_letter("Ms Hannah Pettifer", "31 Mallard Court", "Penfold", "PF7 5TN")
    ),
    "letter-to-new-address": lambda name: _appointment(
        name, appointment_letter("Ms Hannah Pettifer", "9 Weir Cottages", "Oldbridge", "PF2 6QN")
    ),
    "clinic-in-one-list": lambda name: _clinic(
        name, "one@postbox.example, two@postbox.example, three@homemail.example, four@homemail.example"
    ),
    "clinic-by-bcc": lambda name: _clinic(name, "Riverbank clinic <clinic@riverbank.example>"),
    "privacy-request": private_person,
    "newsletter": newsletter,
    "handover-to-partner": handover,
    "address-he-knows": known_address,
}


def build() -> dict[str, bytes]:
    """Return every sample message by its file name."""
    return {f"{name}.eml": builder(name) for name, builder in BUILDERS.items()}


def write(messages: Iterable[tuple[str, bytes]], folder: Path = FOLDER) -> None:
    """Write the messages below *folder*."""
    folder.mkdir(exist_ok=True)
    for name, content in messages:
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    write(build().items())
