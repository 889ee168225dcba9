/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of signals (RFC 3525 sections 7.1.11 and E.1.2). Ours are brief: an order to the bearer. Only
 * EstBNC lasts, until the connection stands (it completed), fails (not completed) or is released
 * by a RelBNC (halted); neither an event nor a new Signals descriptor takes it back.
 */
#include "h248/mg-priv.h"

static const uint16_t refs[] = { MS_H248_TCPBCC_ESTBNC, MS_H248_TLSBSC_ESTBNC };

static unsigned index_of(unsigned which)
{
	return which == MG_TCP ? 0 : 1;
}

static bool is_for(const struct ms_h248_signal *n, const struct mg_stream *s)
{
	return !n->stream || n->stream == s->id;
}

static void note(struct mg_stream *s, const struct ms_h248_signal *n,
		 const struct ms_h248_signal *list)
{
	for (size_t i = 0; i < 2; i++) {
		if (n->name.ref != refs[i] || !is_for(n, s) || n->keep_active)
			continue;
		/* not asked for: only that it stopped or never started for other reasons */
		s->set.signals[i].completion = n->has_completion ? n->completion : MS_H248_NC_OTHER;
		s->set.signals[i].listed = list != NULL;
		s->set.signals[i].list = list ? list->list_id : 0;
	}
}

void ms_mg_signals_note(struct mg_stream *s, const struct ms_h248_signals *signals)
{
	for (const struct ms_h248_signal *n = signals->list; n; n = n->next) {
		if (!n->is_list)
			note(s, n, NULL);
		for (const struct ms_h248_signal *m = n->is_list ? n->list : NULL; m; m = m->next)
			note(s, m, n);
	}
}

/* A list with the identifier of one that plays is that one, whatever is in it. */
bool ms_mg_signal_goes_on(const struct ms_mg *g, const struct mg_stream *s,
			  const struct ms_h248_signals *signals, unsigned which)
{
	const struct mg_signal *is = &s->set.signals[index_of(which)];

	(void)g;
	if (!(s->set.starting & which) || !is->listed || !signals)
		return false;
	for (const struct ms_h248_signal *n = signals->list; n; n = n->next)
		if (n->is_list && n->list_id == is->list)
			return true;
	return false;
}

static void one_ended(struct ms_mg *g, struct mg_stream *s, unsigned i, unsigned how, ms_usec now)
{
	const struct mg_signal *is = &s->set.signals[i];
	const struct mg_observed o = {
		.at = now,
		.ref = MS_H248_G_SC,
		.stream = s->id,
		.signal = refs[i],
		.how = (uint8_t)how,
		.listed = is->listed,
		.list = is->list,
	};

	if (is->completion & how)
		(void)ms_mg_observe(g, s->termination, &o, now);
}

void ms_mg_signals_ended(struct ms_mg *g, struct mg_stream *s, unsigned which, unsigned how,
			 ms_usec now)
{
	for (unsigned i = 0; i < 2; i++) {
		unsigned bit = i ? MG_TLS : MG_TCP;

		if (!(which & s->set.starting & bit))
			continue;
		s->set.starting &= (uint8_t)~bit;
		one_ended(g, s, i, how, now);
	}
}
