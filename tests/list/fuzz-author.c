/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an author protected, on its way through a list: whatever it is, what goes to the members names
 * the author that the server knows and the list, asks for nothing, and can be read. And token files.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "list/author.h"
#include "list/tokens.h"
#include "mime/cpim.h"

#define AUTHOR MS_SPAN_LIT("sip:alice@example.org")
#define LIST MS_SPAN_LIT("sip:friends@lists.example.org")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void look(struct ms_span entity, enum ms_lists_author where)
{
	struct ms_mime_entity e;
	struct ms_cpim m;

	must(ms_mime_read(entity, NULL, &e, NULL) == 0);
	if (where == MS_LISTS_AUTHOR_SIP) {
		must(!ms_mime_is(&e.type, "message", "imdn+xml") &&
		     !ms_mime_is(&e.type, "message", "cpim"));
		return;
	}
	must(ms_mime_is(&e.type, "message", "cpim"));
	must(ms_cpim_read(e.body, NULL, &m, NULL) == 0);
	must(ms_span_eq(m.from.uri, AUTHOR));
	must(m.n_to == 1 && ms_span_eq(m.to[0].uri, LIST));
	must(m.wishes == 0 && m.message_id.len == 0);
	must(!ms_mime_is(&m.content.type, "message", "imdn+xml"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf error;
	struct ms_buf out;
	struct ms_lists_tokens *t = NULL;
	struct ms_lists_client c;
	struct ms_lists_asked asked;

	ms_buf_init(&error, 1024);
	for (enum ms_lists_author w = MS_LISTS_AUTHOR_CPIM; w <= MS_LISTS_AUTHOR_SIP; w++) {
		ms_buf_init(&out, 1 << 20);
		if (ms_lists_author_wrap(ms_span_of(data, size), AUTHOR, LIST, MS_SEC, w, &out,
					 &asked, NULL) == 0)
			look(ms_buf_span(&out), w);
		ms_buf_done(&out);
	}
	if (ms_lists_tokens_parse(ms_span_of(data, size), &error, &t) == 0)
		(void)!ms_lists_tokens_check(t, ms_span_of(data, size), &c);
	ms_lists_tokens_free(t);
	return 0;
}
