/* SPDX-License-Identifier: Apache-2.0 */
/* An entity, the walk over its parts, its values and its body. What was decoded as text must be in
 * bounds; what can be written again must read the same. */
#include <stdlib.h>

#include "mime/multipart.h"
#include "mime/pkcs7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void touch(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++)
		sink = (uint8_t)(sink ^ s.p[i]);
}

static void values(const struct ms_mime_value *v)
{
	char text[64];

	touch(v->type);
	touch(v->subtype);
	for (size_t i = 0; i < v->n_params; i++)
		touch(v->param[i].value);
	sink = (uint8_t)(sink + (ms_mime_param_str(v, "name", text, sizeof(text)) == 0));
	sink = (uint8_t)(sink + (ms_mime_pkcs7_check(v, NULL) == 0));
}

static void entity(const struct ms_mime_entity *e)
{
	struct ms_buf b;

	values(&e->type);
	values(&e->disposition);
	touch(e->content_id);
	touch(ms_mime_field(e, "Subject"));
	ms_buf_init(&b, 1 << 20);
	ms_mime_unfold(&b, ms_mime_field(e, "Subject"));
	if (ms_mime_body(e, &b) == 0)
		touch(ms_buf_span(&b));
	ms_buf_done(&b);
}

static void parts(struct ms_mime_parts *it)
{
	struct ms_mime_parts inner;
	struct ms_mime_entity e;

	while (ms_mime_parts_next(it, &e, NULL) == 0) {
		entity(&e);
		if (ms_mime_parts_enter(&inner, it, &e, NULL) == 0)
			parts(&inner);
	}
}

/* Nothing is appended when it fails, and decoding never makes more of it. */
static void transfer_encodings(struct ms_span in)
{
	for (int cte = MS_MIME_CTE_IDENTITY; cte <= MS_MIME_CTE_QP; cte++) {
		struct ms_buf b;
		int err;

		ms_buf_init(&b, in.len * 2 + 2);
		err = ms_mime_decode(in, (enum ms_mime_cte)cte, &b);
		if (err < 0 ? b.len > 0 : b.len > in.len * 2)
			abort();
		ms_buf_done(&b);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_mime_parts it;
	struct ms_mime_entity e, found;
	struct ms_fault f = { 0 };

	transfer_encodings(ms_span_of(data, size));
	if (ms_mime_read(ms_span_of(data, size), NULL, &e, &f) < 0) {
		if (!f.reason)
			abort();
		return 0;
	}
	entity(&e);
	if (ms_mime_parts_open(&it, &e.type, e.body, NULL, NULL) == 0)
		parts(&it);
	if (ms_mime_find(&e.type, e.body, "application", "sdp", NULL, &found, NULL) == 0)
		entity(&found);
	return 0;
}
