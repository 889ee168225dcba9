/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Media plane security announced at registration: TS 24.229 clause 7.2A.7, over the headers of RFC
 * 3329. An entry with the parameter "mediasec" says that a kind of protection is there; nothing is
 * negotiated by it, so the "q" of RFC 3329 has no meaning here. The server's list comes in a challenge, in
 * the 200, or in both; it goes back in Security-Verify (RFC 3329 section 2.3.1) from then on, so that who
 * took something out of it on its way is noticed.
 */
#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "sip/sip-priv.h"

/** Octets of all entries kept. */
#define SECURITY_MAX 512

static bool is_media(struct ms_span entry)
{
	struct ms_span value;

	return ms_sip_param(ms_span_from(entry, ms_span_find(entry, ';')), "mediasec", &value);
}

static struct ms_span mechanism_of(struct ms_span entry)
{
	return ms_span_trim(ms_span_sub(entry, 0, ms_span_find(entry, ';')));
}

/* Entries of one header line that are about media. */
static void take_line(struct ms_buf *b, struct ms_span line)
{
	do {
		struct ms_span entry = ms_span_trim(ms_span_cut(&line, ','));

		if (!is_media(entry))
			continue;
		if (b->len > 0)
			ms_buf_put_str(b, ", ");
		ms_buf_put_span(b, entry);
	} while (line.p);
}

static bool is_told(const struct sip_msg *m)
{
	struct ms_span line;

	return ms_sip_header_at(ms_sip_cooked(m), "Security-Server", 0, &line);
}

static int take(struct ms_sip_account *a, const struct sip_msg *m)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_span line;
	char *text;

	ms_buf_init(&b, SECURITY_MAX);
	for (size_t i = 0; ms_sip_header_at(ms_sip_cooked(m), "Security-Server", i, &line); i++)
		take_line(&b, line);
	/* Too many to be kept is as good as none. */
	if (ms_buf_status(&b) == -EMSGSIZE)
		ms_buf_reset(&b);
	text = ms_strdup_span(ms_buf_span(&b));
	if (!text)
		return -ENOMEM;
	ms_free(a->security_server);
	a->security_server = text;
	return 0;
}

bool ms_sip_security_challenged(struct ms_sip_account *a, const struct sip_msg *m)
{
	if (!a->media_security || !is_told(m) || take(a, m) < 0)
		return false;
	a->security_told = true;
	return true;
}

int ms_sip_security_registered(struct ms_sip_account *a, const struct sip_msg *m)
{
	return a->security_told && !is_told(m) ? 0 : take(a, m);
}

void ms_sip_put_security(struct ms_buf *b, const struct ms_sip_account *a, const char *method)
{
	if (!a->media_security)
		return;
	if (strcmp(method, "REGISTER") == 0)
		ms_sip_put_header(b, "Security-Client", ms_span_str(a->media_security));
	if (a->security_server && *a->security_server)
		ms_sip_put_header(b, "Security-Verify", ms_span_str(a->security_server));
}

bool ms_sip_media_security(const struct ms_sip_account *a, const char *mechanism)
{
	struct ms_span rest = ms_span_str(a->security_server);

	while (rest.p) {
		struct ms_span entry = ms_span_trim(ms_span_cut(&rest, ','));

		if (ms_span_is_nocase(mechanism_of(entry), mechanism))
			return true;
	}
	return false;
}
