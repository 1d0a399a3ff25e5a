// Commands and questions that cannot be answered as they are put: words for the user, no fault of ours.

/** A command that cannot be carried out as things are. */
export class CommandError extends Error {}

/** A question about routes that makes no sense as it is put. */
export class RouteQueryError extends Error {}
