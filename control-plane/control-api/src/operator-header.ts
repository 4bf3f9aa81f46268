/** Header with the operating-system user that a request is for, percent-encoded; kept with what it changes, as it is claimed. */
export const operatorHeader = "kerf-operator";
