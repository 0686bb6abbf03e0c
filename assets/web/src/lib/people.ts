export interface Named {
  display_name: string;
  username: string;
}

export function nameOf(user: Named): string {
  return user.display_name || user.username;
}
