/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of XML as small documents of IMS need: elements, attributes, character data, comments, the
 * XML declaration. No DTD (so no entities to expand), no processing instructions, no CDATA: those are
 * errors. One token at a time, no memory.
 */
#ifndef MS_MIME_XML_PRIV_H
#define MS_MIME_XML_PRIV_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"

enum ms_xml_kind {
	MS_XML_START, /* name, attributes */
	MS_XML_CLOSE, /* name */
	MS_XML_TEXT,  /* text, references still inside */
	MS_XML_END,   /* of the document */
};

struct ms_xml_token {
	enum ms_xml_kind kind;
	struct ms_span name; /* as written, with its prefix */
	struct ms_span attributes;
	struct ms_span text;
};

#define MS_XML_DEPTH 8

struct ms_xml {
	struct ms_span rest;
	struct ms_span open[MS_XML_DEPTH]; /* names of the elements we are in */
	unsigned depth;
	bool empty; /* the last start tag was <x/>: its end comes next */
	bool begun; /* the root was seen */
};

/** -EBADMSG if the document is no UTF-8 or has a control octet. */
MS_MUST_CHECK int ms_xml_open(struct ms_xml *x, struct ms_span document);

/** -EBADMSG if it is not well formed or deeper than MS_XML_DEPTH. */
MS_MUST_CHECK int ms_xml_next(struct ms_xml *x, struct ms_xml_token *ret_t);

/** The raw value of an attribute of a start tag; p == NULL if it has none of that name. */
struct ms_span ms_xml_attribute(struct ms_span attributes, struct ms_span name);

/** Takes the next attribute of a start tag off *rest; false at the end. */
MS_MUST_CHECK bool ms_xml_next_attribute(struct ms_span *rest, struct ms_span *ret_name,
					 struct ms_span *ret_value);

/** Appends text with its references resolved. -EBADMSG sticks for one that is not of XML itself. */
void ms_xml_put_resolved(struct ms_buf *b, struct ms_span text);

/** Appends text with &, <, > and " as references. */
void ms_xml_put_escaped(struct ms_buf *b, struct ms_span text);

#endif
