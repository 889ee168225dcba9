/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `mediasec trace`: what the daemons export in HEP, kept in a file and drawn as a ladder.
 *
 *	trace-read.c   the file of packets; who took part; the order, once each
 *	trace-label.c  what a message says in a few words
 *	trace-text.c   the ladder in text
 *	trace-svg.c    the ladder in SVG
 */
#ifndef MS_CTL_TRACE_H
#define MS_CTL_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "hep/hep.h"

#define MS_TRACE_LABEL_MAX 200
#define MS_TRACE_LANES_MAX 24
#define MS_TRACE_NAMES_MAX 64
#define MS_TRACE_NAME_MAX 64

/**
 * "192.0.2.1", "192.0.2.1:5060" or "192.0.2.1:5060-5070" is called `name`; so is who says in H.248 that it
 * is "agw1.example.net".
 */
struct ms_trace_name {
	struct ms_addr host; /* unset: by `mid` */
	char mid[MS_TRACE_NAME_MAX];
	uint16_t first, last; /* ports; 0: any */
	char name[MS_TRACE_NAME_MAX];
};

/** An address that said its name in an H.248 message; ports of connections change. */
struct ms_trace_known {
	struct ms_addr address;
	char mid[MS_TRACE_NAME_MAX];
};

/** One line of the ladder. */
struct ms_trace_line {
	ms_usec time;
	size_t order; /* as they came */
	enum ms_hep_protocol protocol;
	unsigned from, to; /* lanes */
	bool event;        /* has no direction */
	bool heartbeat;    /* passes all the time and says nothing */
	char label[MS_TRACE_LABEL_MAX];
};

struct ms_trace {
	struct ms_trace_name names[MS_TRACE_NAMES_MAX];
	unsigned n_names;
	struct ms_trace_known known[MS_TRACE_NAMES_MAX];
	unsigned n_known;
	const char *correlation; /* only packets whose correlation has this; NULL: all */
	bool heartbeats;         /* heartbeats too */
	bool ports; /* who has no name is known by address and port, else by the host */
	char lanes[MS_TRACE_LANES_MAX][MS_TRACE_NAME_MAX];
	unsigned n_lanes;
	struct ms_trace_line *lines; /* owned */
	size_t n;
};

/** For MS_CLEANUP. */
void ms_trace_done(struct ms_trace *t);

/** "ADDRESS=NAME", "MID=NAME". The lanes stand in the order of the names. -EINVAL, -ENOSPC. */
MS_MUST_CHECK int ms_trace_name(struct ms_trace *t, const char *text);

/**
 * Takes the packets of a file, one after another as they were received. Packets that two exporters saw
 * count once; the lines are put in the order of their times. -EBADMSG: no such file; -ENOSPC: too many
 * participants or lines.
 */
MS_MUST_CHECK int ms_trace_read(struct ms_trace *t, struct ms_span file);

/** Fills label, event and heartbeat of a line from what passed. */
void ms_trace_label(struct ms_trace_line *line, const struct ms_hep_packet *p);

/** The domain name that the sender of an H.248 message has in it, or "". */
void ms_trace_mid(const struct ms_hep_packet *p, char mid[static MS_TRACE_NAME_MAX]);

/** Appends the ladder. `width`: columns of a lane. */
void ms_trace_text(const struct ms_trace *t, unsigned width, struct ms_buf *out);

void ms_trace_svg(const struct ms_trace *t, struct ms_buf *out);

#endif
