/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of H.248's transports, shared by their files. */
#ifndef MS_GCP_GCP_PRIV_H
#define MS_GCP_GCP_PRIV_H

#include "core/buf.h"
#include "core/list.h"
#include "gcp/gcp.h"
#include "gcp/tpkt.h"
#include "loop/loop.h"
#include "loop/tcp.h"

struct ms_gcp_channel;

/** What a kind of channel can do. */
struct ms_gcp_channel_ops {
	/** Sends or queues; what finds no room is counted in send_dropped. */
	void (*send)(struct ms_gcp_channel *ch, const struct ms_h248_path *to,
		     struct ms_span message);
	/** The end of a round: what was queued goes out. May be NULL. */
	void (*flush)(struct ms_gcp_channel *ch);
	/** Closes and frees; tells nobody. */
	void (*free)(struct ms_gcp_channel *ch);
};

/** A UDP socket or a connection: what path.channel names. First member of each kind. */
struct ms_gcp_channel {
	struct ms_list link; /* of g->channels */
	struct ms_gcp *g;
	const struct ms_gcp_channel_ops *ops;
	uint64_t number; /* slot and serial number: never used again */
	enum ms_h248_transport transport;
	const struct ms_h248_codec *codec;
	struct ms_addr local;
	bool dirty; /* in g->dirty: something to flush */
	struct ms_list dirty_link;
};

/** A connection of TCP or SCTP, either way round. First member of each kind. */
struct ms_gcp_conn {
	struct ms_gcp_channel ch;
	struct ms_addr peer;
	bool accepted;         /* it came from outside */
	bool known;            /* a peer the entity listens to has spoken */
	struct ms_timer timer; /* limits.unknown */
};

/** A port where connections come in. */
struct ms_gcp_listener {
	struct ms_list link; /* of g->listeners */
	struct ms_gcp *g;
	const struct ms_h248_codec *codec;
	void (*free)(struct ms_gcp_listener *l);
};

struct ms_gcp {
	struct ms_gcp_limits limits;
	struct ms_gcp_sctp_options sctp;
	ms_gcp_tap_f *tap;
	void *tap_arg;
	struct ms_h248_entity *entity; /* owned */
	struct ms_gcp_counts counts;
	struct ms_list channels, listeners, dirty;
	struct ms_gcp_channel **slots; /* owned; by the low bits of a channel's number */
	size_t n_slots;
	uint64_t serial;
	size_t n_conns;
	struct ms_defer defer; /* end of the round */
	struct ms_timer timer; /* the entity's next */
	bool closing;
};

/* ---- channels (gcp.c) ---- */

/** Gives a channel its number and puts it into the lists. -ENOMEM, -ENOSPC. */
MS_MUST_CHECK int ms_gcp_channel_add(struct ms_gcp *g, struct ms_gcp_channel *ch,
				     const struct ms_gcp_channel_ops *ops,
				     enum ms_h248_transport transport,
				     const struct ms_h248_codec *codec);

/** Takes it out; its number names nothing any more. */
void ms_gcp_channel_remove(struct ms_gcp_channel *ch);

/** The channel of a path, or NULL. */
struct ms_gcp_channel *ms_gcp_channel_of(const struct ms_gcp *g, const struct ms_h248_path *path);

/** Asks for ops->flush at the end of the round. */
void ms_gcp_channel_dirty(struct ms_gcp_channel *ch);

/** The path to (or from) an address over a channel. */
struct ms_h248_path ms_gcp_path_of(const struct ms_gcp_channel *ch, const struct ms_addr *peer);

/** A message came. Did it come from a peer that is listened to? */
bool ms_gcp_received(struct ms_gcp_channel *ch, const struct ms_h248_path *from,
		     struct ms_span message);

/** The end of the round is to be looked at. */
void ms_gcp_wake(struct ms_gcp *g);

/* ---- connections (conn.c) ---- */

/** Room for one more connection from there? */
bool ms_gcp_conn_admitted(struct ms_gcp *g, const struct ms_addr *peer);

MS_MUST_CHECK int ms_gcp_conn_add(struct ms_gcp *g, struct ms_gcp_conn *c,
				  const struct ms_gcp_channel_ops *ops,
				  enum ms_h248_transport transport,
				  const struct ms_h248_codec *codec, const struct ms_addr *peer,
				  bool accepted);

/** A message of a connection. The connection may be gone when this returns: look at *c by number. */
void ms_gcp_conn_received(struct ms_gcp_conn *c, struct ms_span message);

/** The connection ended: tells the entity and frees. */
void ms_gcp_conn_lost(struct ms_gcp_conn *c);

/** Takes it out of everything, before freeing. */
void ms_gcp_conn_remove(struct ms_gcp_conn *c);

/* ---- transports ---- */

MS_MUST_CHECK int ms_gcp_udp_open(struct ms_gcp *g, const struct ms_addr *at,
				  const struct ms_h248_codec *codec,
				  struct ms_gcp_channel **ret_ch);
MS_MUST_CHECK int ms_gcp_tcp_listen(struct ms_gcp *g, const struct ms_addr *at,
				    const struct ms_h248_codec *codec, struct ms_addr *ret_at);
MS_MUST_CHECK int ms_gcp_tcp_connect(struct ms_gcp *g, const struct ms_addr *to,
				     const struct ms_h248_codec *codec, const struct ms_addr *from,
				     struct ms_gcp_channel **ret_ch);

/** Is there SCTP in the kernel? Asked once a process. */
bool ms_gcp_sctp_kernel_works(void);
MS_MUST_CHECK int ms_gcp_sctp_kernel_listen(struct ms_gcp *g, const struct ms_addr *at,
					    const struct ms_h248_codec *codec,
					    struct ms_addr *ret_at);
MS_MUST_CHECK int ms_gcp_sctp_kernel_connect(struct ms_gcp *g, const struct ms_addr *to,
					     const struct ms_h248_codec *codec,
					     const struct ms_addr *from,
					     struct ms_gcp_channel **ret_ch);

MS_MUST_CHECK int ms_gcp_sctp_udp_listen(struct ms_gcp *g, const struct ms_addr *at,
					 const struct ms_h248_codec *codec, struct ms_addr *ret_at);
MS_MUST_CHECK int ms_gcp_sctp_udp_connect(struct ms_gcp *g, const struct ms_addr *to,
					  const struct ms_h248_codec *codec,
					  const struct ms_addr *from,
					  struct ms_gcp_channel **ret_ch);
/** Ends the stack, after all its channels. */
void ms_gcp_sctp_udp_done(struct ms_gcp *g);

#endif
