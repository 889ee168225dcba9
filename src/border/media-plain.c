/* SPDX-License-Identifier: Apache-2.0 */
/* Without gateways descriptions pass as they are. */
#include "border/session-priv.h"

int ms_border_media_start(struct ms_border *b, const struct ms_border_spec *spec)
{
	(void)spec;
	b->anchor = NULL;
	return 0;
}

void ms_border_media_stop(struct ms_border *b)
{
	(void)b;
}

int ms_border_media_open(struct ms_border_session *s, const struct ms_anchor_context *context)
{
	(void)context;
	s->media = NULL;
	return 0;
}

json_t *ms_border_media_show(const struct ms_border_session *s)
{
	(void)s;
	return json_array();
}

bool ms_border_media_request(struct ms_border_session *s, struct ms_border_call *c)
{
	(void)s;
	(void)c;
	return false;
}

bool ms_border_media_response(struct ms_border_session *s, struct ms_border_call *c,
			      const struct ms_sip_packet *m)
{
	(void)s;
	(void)c;
	(void)m;
	return false;
}

void ms_border_media_forget(struct ms_border_session *s, struct ms_border_call *c)
{
	(void)s;
	(void)c;
}

void ms_border_media_done(struct ms_border_session *s)
{
	(void)s;
}

void ms_border_media_next(struct ms_border_session *s)
{
	(void)s;
}
