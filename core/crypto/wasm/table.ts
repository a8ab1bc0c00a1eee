/** Multiples of a point that multiplication by a secret chooses from. */
export const TABLE_SIZE = 16;
