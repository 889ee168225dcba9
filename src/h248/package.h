/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages (RFC 3525 section 12 and annex E): what the names and numbers in a message mean. The
 * tables are made by scripts/h248-packages from packages/NAME.json; docs/packages.md shows them.
 *
 * Every package, property, event, signal, statistic and parameter has a handle, an enum constant of
 * the generated h248/refs.h: MS_H248_PKG_TMAN, MS_H248_TMAN_POL, MS_H248_G_CAUSE_GENERALCAUSE. A
 * handle never changes, whereas names and numbers on the wire are read through a registry, which
 * configuration can change: engines write and compare handles only.
 */
#ifndef MS_H248_PACKAGE_H
#define MS_H248_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/fault.h"
#include "core/span.h"
#include "h248/message.h"
#include "h248/refs.h"

/* ---- the tables ---- */

enum ms_h248_kind {
	MS_H248_KIND_NONE,
	MS_H248_PROPERTY,
	MS_H248_EVENT,
	MS_H248_SIGNAL,
	MS_H248_STATISTIC,
	MS_H248_PARAMETER, /* of the event or signal `parent` */
};

/** Types of values (RFC 3525 section 12.2 and the table in A.2). */
enum ms_h248_type {
	MS_H248_TYPE_NONE,       /* events and signals */
	MS_H248_TYPE_INTEGER,    /* text: decimal; BER INTEGER */
	MS_H248_TYPE_DOUBLE,     /* 64-bit integer; text: decimal; BER INTEGER */
	MS_H248_TYPE_BOOLEAN,    /* text: on, off; BER BOOLEAN */
	MS_H248_TYPE_ENUM,       /* text: a name; BER ENUMERATED */
	MS_H248_TYPE_STRING,     /* text: between quotes; BER IA5String or UTF8String */
	MS_H248_TYPE_OCTETS,     /* text: hex digits between quotes; BER OCTET STRING */
	MS_H248_TYPE_OCTET_TEXT, /* text: between quotes; BER OCTET STRING of the same octets */
	MS_H248_TYPE_SIGNAL_NAME, /* text: package/signal between quotes; BER OCTET STRING, 4 octets */
};

/** Where an item may stand: bits. */
enum {
	MS_H248_IN_STATE = 1,    /* property: TerminationState */
	MS_H248_IN_CONTROL = 2,  /* property: LocalControl */
	MS_H248_IN_EVENTS = 4,   /* parameter: Events, of an event that is asked for */
	MS_H248_IN_OBSERVED = 8, /* parameter: ObservedEvents */
	MS_H248_IN_SIGNALS = 16, /* parameter: Signals */
	MS_H248_IN_STREAM = 32,  /* statistic: of a stream; else of the termination */
};

/** One value of an enumeration. */
struct ms_h248_choice {
	const char *name;
	int32_t number;
	const char *about;
};

/** An item as its description file has it. Static. */
struct ms_h248_item {
	const char *name;
	uint16_t number;
	uint8_t kind;      /* enum ms_h248_kind */
	uint8_t type;      /* enum ms_h248_type */
	uint8_t where;     /* MS_H248_IN_ bits */
	bool list;         /* sub-list: several values */
	bool read_only;    /* property: the controller cannot set it */
	uint8_t signal;    /* signal: enum ms_h248_signal_type */
	char evidence;     /* V D I R P: how we know (docs/packages.md) */
	uint8_t n_choices; /* of an enumeration */
	uint16_t choices;  /* first, in ms_h248_choices */
	uint16_t package;  /* handle */
	uint16_t parent;   /* parameter: handle of its event or signal; else 0 */
	int64_t min, max;  /* of a number; octets of a string */
	const char *value; /* default as text; NULL: none */
	const char *clause;
	const char *about;
};

/** A package as its description file has it. Static. */
struct ms_h248_package_def {
	const char *name;
	const char *title;
	uint16_t number;
	uint8_t version;
	char evidence;
	uint16_t extends; /* handle of the base package; 0: none */
	const char *clause;
	const char *about;
};

/** Indexed by handle; [0] is empty. */
extern const struct ms_h248_package_def ms_h248_packages[MS_H248_PACKAGE_COUNT];
extern const struct ms_h248_item ms_h248_items[MS_H248_ITEM_COUNT];
extern const struct ms_h248_choice ms_h248_choices[MS_H248_CHOICE_COUNT];

/* ---- the registry: names and numbers as configured ---- */

#define MS_H248_REGISTRY_NAMES 2048 /* octets for changed names */
#define MS_H248_REGISTRY_SLOTS 1024

struct ms_h248_entry {
	struct ms_span name;
	int32_t number;
};

/** A group of terminations: "ip/REALM/INTERFACE/NUMBER" are those of one. */
struct ms_h248_group {
	struct ms_span realm, interface;
	uint8_t code; /* 5 bits of realm, 3 of interface */
};

#define MS_H248_GROUPS_MAX 64

/** Some 24 KiB: one a process. Holds spans into itself: do not copy. */
struct ms_h248_registry {
	struct ms_h248_entry packages[MS_H248_PACKAGE_COUNT];
	struct ms_h248_entry items[MS_H248_ITEM_COUNT];
	struct ms_h248_entry choices[MS_H248_CHOICE_COUNT];
	uint16_t by_name[MS_H248_REGISTRY_SLOTS];   /* items but parameters; open addressing */
	uint16_t by_number[MS_H248_REGISTRY_SLOTS]; /* handles, 0: free */
	char names[MS_H248_REGISTRY_NAMES];
	size_t names_len;
	struct ms_h248_group groups[MS_H248_GROUPS_MAX];
	size_t n_groups;
	bool changed; /* something was overridden */
};

/** Everything as the description files say. */
void ms_h248_registry_init(struct ms_h248_registry *r);

/**
 * Overrides a name, a number or both (configuration key h248.packages). `path` uses the names of the
 * description files: "tcpbcc", "tcpbcc/EstBNC", "tcpbcc/BNCChange/Type",
 * "tcpbcc/BNCChange/Type/Est". `value` is "name", "0x0123" or "291", or both: "name 0x0123".
 * -ENOENT (no such path), -EINVAL (neither a name nor a number), -ERANGE (a number over 0xfffe;
 * a name over 64 octets), -EEXIST (would equal another one), -ENOSPC (too many changed names).
 * Nothing changes on error.
 */
MS_MUST_CHECK int ms_h248_registry_set(struct ms_h248_registry *r, struct ms_span path,
				       struct ms_span value);

/** What an error of ms_h248_registry_set() says to who wrote the configuration. Static. */
const char *ms_h248_registry_words(int err);

/** Handle of a package by its name (case does not matter) or number; 0: none. */
uint16_t ms_h248_package_find(const struct ms_h248_registry *r, struct ms_span name);
uint16_t ms_h248_package_find_number(const struct ms_h248_registry *r, unsigned number);

/** Handle of an item that is no parameter, also of a base package; 0: none. `id` as MS_H248_ID(). */
uint16_t ms_h248_item_find(const struct ms_h248_registry *r, enum ms_h248_kind kind,
			   struct ms_span package, struct ms_span item);
uint16_t ms_h248_item_find_number(const struct ms_h248_registry *r, enum ms_h248_kind kind,
				  uint32_t id);

/** Handle of a parameter of the event or signal `parent`; 0: none. */
uint16_t ms_h248_param_find(const struct ms_h248_registry *r, uint16_t parent, struct ms_span name);
uint16_t ms_h248_param_find_number(const struct ms_h248_registry *r, uint16_t parent,
				   unsigned number);

/** The name of an item as both codecs want it: texts, number and handle. Borrowed from the registry. */
struct ms_h248_name ms_h248_name_of(const struct ms_h248_registry *r, uint16_t item);

/** The same of a package alone, for Packages descriptors. */
struct ms_h248_name ms_h248_package_name_of(const struct ms_h248_registry *r, uint16_t package);

/** The name of value `number` of an enumeration; empty: no such value. */
struct ms_span ms_h248_choice_name(const struct ms_h248_registry *r, uint16_t item, int32_t number);

/**
 * Reads a bound value (text form) of an item as the number it stands for: integer, boolean (0, 1) or
 * enumeration (as its description file numbers it, whatever the wire says).
 * -EINVAL: not of the item's type. -ERANGE: outside its range.
 */
MS_MUST_CHECK int ms_h248_value_number(const struct ms_h248_registry *r, uint16_t item,
				       const struct ms_h248_value *v, int64_t *ret_number);

/* ---- terminations ----
 *
 * No standard we could read has the profiles' termination ids (docs/packages.md, project profile):
 * text "ip/REALM/INTERFACE/NUMBER"; binary four octets, of which the three upper bits are 001
 * (ephemeral, as in TS 29.332 A.6), then 5 bits of realm, 3 of interface, 21 of number. '*' and '$'
 * stand for a level, or for it and all behind it. A binary id of another form has the text "b/HEX" and
 * "b/HEX/WILDCARDS"; a controller needs no more than that.
 */

/**
 * Gives a gateway's realm and interface ("core", "1") the next code. 0; -ENOSPC: more than 32 realms, 8
 * interfaces of one, 64 groups; -EINVAL: not a name. Again the same: 0.
 */
MS_MUST_CHECK int ms_h248_registry_add_group(struct ms_h248_registry *r, struct ms_span realm,
					     struct ms_span interface);

/** Fills octets and wildcard from the name. -ENOENT: no such group; -EINVAL: not a name of ours; -ENOMEM. */
MS_MUST_CHECK int ms_h248_termination_to_ber(const struct ms_h248_registry *r,
					     struct ms_h248_termination *t,
					     struct ms_h248_arena *a);

/** Fills the name from octets and wildcard. -ENOMEM. */
MS_MUST_CHECK int ms_h248_termination_to_text(const struct ms_h248_registry *r,
					      struct ms_h248_termination *t,
					      struct ms_h248_arena *a);

/* ---- binding ---- */

/** What bind makes of the values. */
enum ms_h248_bind {
	MS_H248_BIND_TEXT, /* for engines and the text codec: text forms */
	MS_H248_BIND_BER,  /* for the binary codec: encodings; the text is gone */
};

/**
 * Completes a message: each name gets what it lacks of texts, number and handle (name.ref), each
 * value the wanted form, each termination its name or its octets. Takes memory from `a` (the message's own arena).
 *
 * To text never refuses anything a peer sent: what the registry has not keeps what it has and ref 0;
 * its values become text by their own BER tags; a value that is not of its type stays an encoding, so
 * that the command is refused that has it (449), not the message.
 *
 * To BER, of a message of ours: -ENOENT for a name without a number (fault->code 440 package, 445
 * property, 446 parameter, 451 event, 452 signal, 453 statistic, 430 termination), -EINVAL for a value that is not of
 * its type (449). Both: -ENOMEM. *fault may be NULL.
 */
MS_MUST_CHECK int ms_h248_bind(struct ms_h248_message *m, const struct ms_h248_registry *r,
			       enum ms_h248_bind to, struct ms_h248_arena *a,
			       struct ms_fault *fault);

/** The same of one transaction, without ->next. */
MS_MUST_CHECK int ms_h248_bind_transaction(struct ms_h248_transaction *t,
					   const struct ms_h248_registry *r, enum ms_h248_bind to,
					   struct ms_h248_arena *a, struct ms_fault *fault);

/** One value between the forms, by the item's type; item 0: to text by its own tag, to BER not at all.
 * -EINVAL (not of the type; nothing changed), -ENOMEM. */
MS_MUST_CHECK int ms_h248_value_to_ber(const struct ms_h248_registry *r, uint16_t item,
				       struct ms_h248_value *v, struct ms_h248_arena *a);
MS_MUST_CHECK int ms_h248_value_to_text(const struct ms_h248_registry *r, uint16_t item,
					struct ms_h248_value *v, struct ms_h248_arena *a);

#endif
