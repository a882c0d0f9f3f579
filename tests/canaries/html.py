# SPDX-License-Identifier: GPL-3.0-or-later
"""HTML: the living standard's elements and attributes, CSS that hides, and what Outlook and browsers make of it."""

import base64

from canaries.core import ANY, ATTRIBUTE, HIDDEN, TINY, VISIBLE, WHITE, Canary, Words, halves

FORMAT = "html"


def _page(w: Words, body: str, head: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head><meta charset=utf-8>{head}</head><body>{body}</body></html>".encode()


def _shown() -> Canary:
    w = Words(FORMAT, "shown")
    split = halves(w("word split by tags"))
    entity = "".join(f"&#{ord(c)};" for c in w("numeric entities"))
    hexadecimal = "".join(f"&#x{ord(c):x}" for c in w("hexadecimal entities without semicolons"))
    comment_inside = halves(w("word split by a comment"))
    body = f"""
    text in the body {w("text")} <p>{w("paragraph")}</p> <p>{split[0]}<b>{split[1][:2]}</b>{split[1][2:]}</p>
    <p>{comment_inside[0]}<!-- x -->{comment_inside[1]}</p> <p>{entity} {hexadecimal} </p>
    <h1>{w("heading")}</h1> <ul><li>{w("list item")}</ul> <dl><dt>{w("term")}<dd>{w("definition")}</dl>
    <table><caption>{w("caption")}</caption><tr><th>{w("table heading")}<td>{w("table cell")}</table>
    <blockquote>{w("quotation")}</blockquote> <pre>{w("preformatted")}</pre> <address>{w("address")}</address>
    <details open><summary>{w("summary")}</summary>{w("open details")}</details>
    <form><fieldset><legend>{w("legend")}</legend><label>{w("label")}</label><button>{w("button")}</button>
    <textarea>{w("textarea")}</textarea><select><optgroup><option>{w("option")}</optgroup></select></form>
    <figure><figcaption>{w("figure caption")}</figcaption></figure>
    <ruby>x<rt>{w("ruby text")}</rt></ruby> <math><mi>{w("formula")}</mi></math>
    <svg><text>{w("text of a drawing")}</text></svg> <xmp><b>{w("xmp")}</b></xmp> <listing>{w("listing")}</listing>
    <center><font color=red>{w("old tags")}</font></center> <marquee>{w("marquee")}</marquee>
    <p style="color:#000;background:#000">black</p><p>&lt;{w("between escaped brackets")}&gt;</p>
    <o:p>{w("Office tag")}</o:p> <unknown-tag>{w("unknown tag")}</unknown-tag>
    """
    content = _page(w, body) + f"{w('behind the end of the page')}".encode()
    return w.file(content, "a.html")


def _hidden() -> Canary:
    w = Words(FORMAT, "hidden")

    def styled(place: str, style: str, expected=HIDDEN) -> str:
        return f'<p style="{style}">{w(place, expected)}</p>'

    head = f"""<style>.gone{{display:none}} #lost{{display:none}} p.off{{visibility:hidden}} strong{{display:none}}
    div > em{{display:none}} [data-x]{{display:none}} .a,.b{{display:none}}
    .after::after{{content:"{w("CSS content", ANY)}"}} /* {w("CSS comment", HIDDEN)} */</style>
    <title>{w("title", ANY)}</title><meta name=description content="{w("meta description", ATTRIBUTE)}">
    <link rel=alternate title="{w("title of a link", ATTRIBUTE)}" href="https://a.example/{w("link", ATTRIBUTE)}">
    <base href="https://a.example/{w("base", ATTRIBUTE)}/">
    <meta http-equiv=refresh content="5;url=https://a.example/{w("refresh", ATTRIBUTE)}">
    <script>var a = "{w("script", HIDDEN)}"</script>
    <script type="application/ld+json">{{"name": "{w("linked data", HIDDEN)}"}}</script>
    <!-- {w("comment in the head", HIDDEN)} -->"""
    body = "\n".join(
        (
            styled("display: none", "display:none"),
            styled("display: none, important", "color:red; DISPLAY : NONE !important"),
            styled("visibility: hidden", "visibility:hidden"),
            styled("opacity 0", "opacity:0"),
            styled("opacity 0.0", "opacity: 0.0;"),
            styled("mso-hide", "mso-hide:all"),
            styled("font size 0", "font-size:0", TINY),
            styled("font size 0px", "font-size:0px;line-height:0", TINY),
            styled("font size 1px", "font-size:1px", TINY),
            styled("white text", "color:#ffffff", WHITE),
            styled("white text by name", "color: white", WHITE),
            styled("nearly white text", "color:#fefefe", WHITE),
            styled("white by rgb()", "color:rgb(255,255,255)", WHITE),
            styled("text of the colour of its ground", "color:#123456;background-color:#123456", HIDDEN),
            styled("transparent text", "color:transparent", HIDDEN),
            styled("indented off the page", "text-indent:-9999px", HIDDEN),
            styled("positioned off the page", "position:absolute;left:-9999px", HIDDEN),
            styled("no height", "height:0;overflow:hidden", HIDDEN),
            styled("no greatest height", "max-height:0px;overflow:hidden", HIDDEN),
            styled("clipped away", "position:absolute;clip:rect(0,0,0,0)", HIDDEN),
            styled("scaled to nothing", "transform:scale(0)", HIDDEN),
            f'<div style="display:none"><div><p>{w("inside something hidden", HIDDEN)}</p></div></div>',
            f"<p hidden>{w('hidden attribute', HIDDEN)}</p>",
            f'<p class="x gone">{w("hidden by class", HIDDEN)}</p>',
            f"<p id=lost>{w('hidden by id', HIDDEN)}</p>",
            f"<p class=off>{w('hidden by tag and class', HIDDEN)}</p>",
            f"<strong>{w('hidden by tag', HIDDEN)}</strong>",
            f"<p class=b>{w('hidden by a list of classes', HIDDEN)}</p>",
            f"<font color=white>{w('white font', WHITE)}</font>",
            f'<font size=1><span style="font:0/0 a">{w("font shorthand", TINY)}</span></font>',
            f"<table bgcolor=black><tr><td><font color=black>{w('black on a black table', HIDDEN)}</font></table>",
            f"<table bgcolor=black><tr><td><font color=white>{w('white on a black table', VISIBLE)}</font></table>",
            f"<!-- {w('comment', HIDDEN)} --> <!--[if mso]><p>{w('conditional comment', HIDDEN)}</p><![endif]-->",
            f"<![if !mso]><p>{w('revealed conditional', VISIBLE)}</p><![endif]>",
            f"<template><p>{w('template', HIDDEN)}</p></template> <noscript>{w('noscript', HIDDEN)}</noscript>",
            f"<noframes>{w('noframes', HIDDEN)}</noframes> <noembed>{w('noembed', HIDDEN)}</noembed>",
            f"<details><summary>more</summary>{w('closed details', ANY)}</details>",
            f"<dialog>{w('closed dialog', ANY)}</dialog> <datalist><option>{w('datalist', ANY)}</datalist>",
            f"<iframe>{w('inside an iframe', ANY)}</iframe> <object>{w('inside an object', ANY)}</object>",
            f"<video>{w('inside a video', ANY)}</video> <canvas>{w('inside a canvas', ANY)}</canvas>",
            f"<svg><title>{w('title of a drawing', ANY)}</title><desc>{w('description of a drawing', ANY)}</desc></svg>",
            f"<?php echo '{w('processing instruction', HIDDEN)}' ?> <![CDATA[{w('CDATA', ANY)}]]>",
        )
    )
    return w.file(_page(w, body, head), "a.html")


def _attributes() -> Canary:
    w = Words(FORMAT, "attributes")
    inner = base64.b64encode(f"<p>{w('page in a data link', ANY)}</p>".encode()).decode()
    body = f"""
    <img alt="{w("alt", ATTRIBUTE)}" title="{w("title", ATTRIBUTE)}" src="https://a.example/{w("src", ATTRIBUTE)}.png"
      longdesc="https://a.example/{w("longdesc", ATTRIBUTE)}" usemap="#{w("usemap", ATTRIBUTE)} words">
    <img srcset="https://a.example/{w("srcset", ATTRIBUTE)}.png 2x" name="{w("name of a picture", ATTRIBUTE)} words">
    <a href="https://a.example/?q={w("link", ATTRIBUTE)}" download="{w("download", ATTRIBUTE)}.txt">x</a>
    <a href="https://a.example/%{w("percent-encoded link", ATTRIBUTE).encode().hex("%")}">x</a>
    <a href="mailto:a@example.org?subject={w("subject of a mail link", ATTRIBUTE)}">x</a>
    <a name="{w("name of an anchor", ATTRIBUTE)} words" id="{w("id", ATTRIBUTE)} words" class="{w("class", ATTRIBUTE)} words">x</a>
    <p data-note="{w("data attribute", ATTRIBUTE)}" aria-label="{w("aria-label", ATTRIBUTE)}"
      aria-description='{w("aria-description", ATTRIBUTE)}' onclick="alert('{w("event handler", ATTRIBUTE)}')"
      unknown={w("unknown attribute without quotes", ATTRIBUTE)}>x</p>
    <input value="{w("value of a field", ANY)}" placeholder="{w("placeholder", ATTRIBUTE)}">
    <input type=hidden name="{w("name of a hidden field", ATTRIBUTE)} words" value="{w("value of a hidden field", ATTRIBUTE)}">
    <input type=submit value="{w("value of a button", ANY)}"> <option label="{w("label of an option", ATTRIBUTE)}">
    <optgroup label="{w("label of a group", ATTRIBUTE)}"></optgroup>
    <table summary="{w("summary of a table", ATTRIBUTE)}"><td abbr="{w("abbr of a cell", ATTRIBUTE)}" headers=x></table>
    <abbr title="{w("expansion", ATTRIBUTE)}">x</abbr> <q cite="https://a.example/{w("cite", ATTRIBUTE)}">x</q>
    <form action="https://a.example/{w("action", ATTRIBUTE)}"></form> <area alt="{w("alt of an area", ATTRIBUTE)}">
    <iframe srcdoc="&lt;p&gt;{w("page in srcdoc", ANY)}&lt;/p&gt;" src="https://a.example/{w("iframe", ATTRIBUTE)}"></iframe>
    <object data="https://a.example/{w("object", ATTRIBUTE)}"><param value="{w("parameter", ATTRIBUTE)}"></object>
    <a href="data:text/html;base64,{inner}">x</a>
    <a href="data:text/plain,{w("text in a data link", ANY)}">x</a>
    <p style="background:url(https://a.example/{w("address in a style", ATTRIBUTE)})">x</p>
    <body background="https://a.example/{w("background", ATTRIBUTE)}">
    <track label="{w("label of a track", ATTRIBUTE)}"> <meta itemprop=x content="{w("microdata", ATTRIBUTE)}">
    <svg><a xlink:href="https://a.example/{w("xlink", ATTRIBUTE)}">x</a></svg>
    <time datetime="{w("datetime", ATTRIBUTE)} words">x</time> <data value="{w("data value", ATTRIBUTE)}">x</data>
    <p class="{w("several classes", ATTRIBUTE)} {w("the second of several classes", ATTRIBUTE)}">x</p>
    <p style="x-note: {w("declaration that is no style", ATTRIBUTE)} words; color: red">x</p>
    <p style="color: red /* {w("comment in a style", ATTRIBUTE)} */">x</p>
    <bdo lang="{w("language", ATTRIBUTE)} words">x</bdo> <script src="https://a.example/{w("script address", ATTRIBUTE)}"></script>
    """
    return w.file(_page(w, body), "a.html")


def _damaged() -> list[Canary]:
    made: list[Canary] = []

    def file(title: str, make) -> None:
        w = Words(FORMAT, title)
        made.append(w.file(make(w).encode(), "a.html"))

    file(
        "nowhere in the tree",
        lambda w: (
            f"<!DOCTYPE html><!DOCTYPE {w('second doctype', HIDDEN)}><html><body title=x><p>{w('text')}</p>"
            f"<img alt=x alt='{w('second of two attributes', HIDDEN)}'><p>x</p title='{w('attribute of an end tag', HIDDEN)}'>"
            f"<body title='{w('attribute of a second body', HIDDEN)}'><div><td title='{w('attribute of a lost cell', HIDDEN)}'>"
            f"</div><form><form action='{w('action of a form in a form', HIDDEN)}'></form></form></body></html>"
        ),
    )
    file(
        "for other clients",
        lambda w: (
            f"<p>x <!--[if mso]>{w('text for Outlook', HIDDEN)}<![endif]--> y <img alt='{w('name of a picture', HIDDEN)}'></p>"
            f"<p>{w('before a frame')}<iframe><p>{w('inside a frame', ANY)}</p></iframe>{w('behind a frame')}</p>"
            f"<input value='{w('field')}'><input type=hidden value='{w('hidden field', ATTRIBUTE)}'>"
        ),
    )
    file(
        "sizes within sizes",
        lambda w: (
            f"<table><tr><td style='font-size:0'>{w('no size', TINY)}<p style='font-size:12px'>{w('a size inside')}</p></table>"
            f"<div style='visibility:hidden'>{w('unseen', HIDDEN)}<p style='visibility:visible'>{w('seen inside')}</p></div>"
        ),
    )
    file(
        "rules that only a tree can match",
        lambda w: (
            f"<style>[data-x]{{display:none}} @media (min-width:300px){{.q{{display:none}}}} :root{{--d:none}} .v{{display:var(--d)}}"
            f"</style><p data-x>{w('by an attribute', HIDDEN)}</p><p class=q>{w('by a rule for windows', HIDDEN)}</p>"
            f"<p class=v>{w('by a variable', HIDDEN)}</p><p>{w('text')}</p>"
        ),
    )
    file("unclosed tags", lambda w: f"<html><body><p><b><i><div>{w('text')}<p>{w('more')}")
    file("unclosed comment", lambda w: f"<html><body><p>{w('before')}</p><!-- {w('inside', HIDDEN)}")
    file("unclosed tag at the end", lambda w: f"<html><body><p>{w('before')}</p><a href='{w('inside', HIDDEN)}")
    file("unclosed attribute", lambda w: f'<html><body>{w("before")}<img alt="{w("inside", HIDDEN)}>x</p>')
    file("plaintext", lambda w: f"<html><body><p>x</p><plaintext>{w('text')} <p>{w('more')}</p>")
    file("unclosed script", lambda w: f"<html><body><p>{w('before')}</p><script>{w('inside', HIDDEN)}")
    file("unclosed title", lambda w: f"<html><head><title>x</title></head><body>{w('text')}<textarea>{w('inside')}")
    file("text outside the body", lambda w: f"<html><head>{w('in the head')}</head>{w('between')}<body>x</body></html>")
    file(
        "frames", lambda w: f"<html><frameset><frame src='https://a.example/{w('frame', ATTRIBUTE)}'></frameset></html>"
    )
    file("deep", lambda w: "<html><body>" + "<div>" * 2_000 + w("two thousand levels down") + "</div>" * 2_000)
    file("deep and formatted", lambda w: "<html><body>" + "<b>" * 5_000 + f"<p>{w('text')}")
    file("two bodies", lambda w: f"<html><body>{w('first')}</body><body>{w('second')}</body></html>")
    file(
        "XHTML",
        lambda w: (
            f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><p>{w("text")}</p></body></html>'
        ),
    )
    return made


def _charsets() -> list[Canary]:
    made: list[Canary] = []
    for title, codec, meta in (
        ("UTF-16", "utf-16", ""),
        ("Windows-1252 declared", "cp1252", "<meta charset=windows-1252>"),
        ("UTF-7 declared", "utf-7", '<meta http-equiv=content-type content="text/html; charset=utf-7">'),
        ("Latin-1 declared as UTF-8", "cp1252", "<meta charset=utf-8>"),
    ):
        w = Words(FORMAT, title)
        page = f"<html><head>{meta}</head><body><p>café {w('text')}</p></body></html>"
        raw = page.encode(codec) if codec != "utf-7" else page.replace("é", "+AOk-").encode()
        made.append(w.file(raw, "a.html"))
    return made


def build() -> list[Canary]:
    """Return pages."""
    return [_shown(), _hidden(), _attributes(), *_damaged(), *_charsets()]
