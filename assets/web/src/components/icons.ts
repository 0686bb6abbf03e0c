/** Own line icons on a 24 × 24 grid, drawn with a stroke of 1.75. */
export const icons = {
  photos:
    '<rect x="3.5" y="5" width="17" height="14" rx="3"/><circle cx="8.7" cy="10" r="1.6"/><path d="m4 17 4.6-4.2 3.2 2.8 3.7-4 4.8 4.6"/>',
  albums: '<rect x="4" y="8.5" width="16" height="11" rx="2.5"/><path d="M6.5 5.5h11M9 2.8h6"/>',
  albumAdd: '<rect x="4" y="7.5" width="16" height="12" rx="2.5"/><path d="M6.5 4.5h11M12 10.5v6m-3-3h6"/>',
  albumRemove: '<rect x="4" y="7.5" width="16" height="12" rx="2.5"/><path d="M6.5 4.5h11M9 13.5h6"/>',
  arrange: '<path d="M8 4.5v15m0 0-3.2-3.2M8 19.5l3.2-3.2M16 19.5v-15m0 0-3.2 3.2M16 4.5l3.2 3.2"/>',
  upload:
    '<path d="M12 15.5V4.5m0 0L7.8 8.7M12 4.5l4.2 4.2"/><path d="M4.5 15v2.2a2.8 2.8 0 0 0 2.8 2.8h9.4a2.8 2.8 0 0 0 2.8-2.8V15"/>',
  activity: '<path d="M3.5 12.5h3.6l2.4-6.5 4.6 12 2.5-5.5h3.9"/>',
  settings:
    '<path d="M4 7h9m4.5 0H20M4 17h2.5M11 17h9"/><circle cx="15.2" cy="7" r="2.2"/><circle cx="8.7" cy="17" r="2.2"/>',
  plus: '<path d="M12 5v14M5 12h14"/>',
  minus: '<path d="M5 12h14"/>',
  close: '<path d="m6 6 12 12M18 6 6 18"/>',
  back: '<path d="M19 12H5.5m0 0 6-6m-6 6 6 6"/>',
  left: '<path d="m14.5 5.5-6.5 6.5 6.5 6.5"/>',
  right: '<path d="m9.5 5.5 6.5 6.5-6.5 6.5"/>',
  up: '<path d="M12 19.5v-14m0 0-5.5 5.5M12 5.5l5.5 5.5"/>',
  down: '<path d="m6 9.5 6 6 6-6"/>',
  info: '<circle cx="12" cy="12" r="8.5"/><path d="M12 11.2v5"/><circle cx="12" cy="7.9" r=".6" fill="currentColor"/>',
  download: '<path d="M12 4.5v11m0 0 4.2-4.2M12 15.5l-4.2-4.2"/><path d="M4.5 19.5h15"/>',
  export:
    '<path d="M12.5 4.5H7.8A2.8 2.8 0 0 0 5 7.3v9.4a2.8 2.8 0 0 0 2.8 2.8h8.4a2.8 2.8 0 0 0 2.8-2.8V13"/><path d="M19.5 4.5 11 13m8.5-8.5h-5m5 0v5"/>',
  zoomIn: '<circle cx="10.8" cy="10.8" r="6.3"/><path d="m15.5 15.5 4.5 4.5M10.8 8.3v5M8.3 10.8h5"/>',
  zoomOut: '<circle cx="10.8" cy="10.8" r="6.3"/><path d="m15.5 15.5 4.5 4.5M8.3 10.8h5"/>',
  calendar: '<rect x="4" y="5.5" width="16" height="14" rx="2.5"/><path d="M4 10h16M8.5 3.5v4m7-4v4"/>',
  camera:
    '<path d="M8.5 6.5 10 4.5h4l1.5 2H18a2.5 2.5 0 0 1 2.5 2.5v7.5A2.5 2.5 0 0 1 18 19H6a2.5 2.5 0 0 1-2.5-2.5V9A2.5 2.5 0 0 1 6 6.5z"/><circle cx="12" cy="12.6" r="3.4"/>',
  file: '<path d="M13.5 3.5H8A2.5 2.5 0 0 0 5.5 6v12A2.5 2.5 0 0 0 8 20.5h8a2.5 2.5 0 0 0 2.5-2.5V8.5z"/><path d="M13.5 3.5V7A1.5 1.5 0 0 0 15 8.5h3.5"/>',
  folder:
    '<path d="M3.5 8A2.5 2.5 0 0 1 6 5.5h3.2l2 2.3H18a2.5 2.5 0 0 1 2.5 2.5v6A2.5 2.5 0 0 1 18 18.8H6a2.5 2.5 0 0 1-2.5-2.5z"/>',
  place:
    '<path d="M12 20.5s6.5-5.6 6.5-10.5a6.5 6.5 0 1 0-13 0c0 4.9 6.5 10.5 6.5 10.5z"/><circle cx="12" cy="10" r="2.4"/>',
  list: '<path d="M8.5 7H20M8.5 12H20M8.5 17H20M4.2 7h.1M4.2 12h.1M4.2 17h.1"/>',
  search: '<circle cx="10.8" cy="10.8" r="6.3"/><path d="m15.5 15.5 4.5 4.5"/>',
  check: '<path d="m5 12.5 4.7 4.7L19 7.5"/>',
  alert:
    '<path d="M12 4.2 20.8 19a.9.9 0 0 1-.8 1.3H4a.9.9 0 0 1-.8-1.3z"/><path d="M12 10v4.4"/><circle cx="12" cy="17.2" r=".6" fill="currentColor"/>',
  retry: '<path d="M19.5 12a7.5 7.5 0 1 1-2.4-5.5"/><path d="M19.8 3.8v3.9h-3.9"/>',
  copy: '<rect x="8.5" y="8.5" width="11" height="11" rx="2.5"/><path d="M15.5 8.5V7A2.5 2.5 0 0 0 13 4.5H7A2.5 2.5 0 0 0 4.5 7v6A2.5 2.5 0 0 0 7 15.5h1.5"/>',
  clock: '<circle cx="12" cy="12" r="8.5"/><path d="M12 7.2V12l3.2 2"/>',
  offline:
    '<path d="m4 4 16 16M8.2 13.4a5.6 5.6 0 0 1 3-1.5m4.6 1.5-.6-.6M5 10a10 10 0 0 1 2.8-2m3-1A10.4 10.4 0 0 1 19 10"/><circle cx="12" cy="17.5" r=".9" fill="currentColor"/>',
  eye: '<path d="M2.8 12S6 5.8 12 5.8 21.2 12 21.2 12 18 18.2 12 18.2 2.8 12 2.8 12z"/><circle cx="12" cy="12" r="2.8"/>',
  eyeOff:
    '<path d="m4 4 16 16M9.3 6.2A9 9 0 0 1 12 5.8c6 0 9.2 6.2 9.2 6.2a15 15 0 0 1-2.5 3.2M6.2 7.7A14.7 14.7 0 0 0 2.8 12S6 18.2 12 18.2a8.7 8.7 0 0 0 4-1"/><path d="M10 10.2a2.8 2.8 0 0 0 3.9 3.9"/>',
  sun: '<circle cx="12" cy="12" r="3.8"/><path d="M12 3v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4"/>',
  moon: '<path d="M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7z"/>',
  device: '<rect x="3.5" y="5" width="17" height="11.5" rx="2"/><path d="M9 20h6m-3-3.5V20"/>',
  user: '<circle cx="12" cy="8.5" r="3.8"/><path d="M4.8 19.8a7.3 7.3 0 0 1 14.4 0"/>',
  signOut:
    '<path d="M14 4.5H7.5A2.5 2.5 0 0 0 5 7v10a2.5 2.5 0 0 0 2.5 2.5H14"/><path d="M10.5 12H20m0 0-3.5-3.5M20 12l-3.5 3.5"/>',
  lock: '<rect x="5" y="10.5" width="14" height="9.5" rx="2.5"/><path d="M8.3 10.5V8a3.7 3.7 0 0 1 7.4 0v2.5"/>',
  scan: '<path d="M4.5 8.5v-2a2 2 0 0 1 2-2h2m7 0h2a2 2 0 0 1 2 2v2m0 7v2a2 2 0 0 1-2 2h-2m-7 0h-2a2 2 0 0 1-2-2v-2M4 12h16"/>',
  pause: '<path d="M8.8 6v12M15.2 6v12"/>',
  play: '<path d="M8 5.8v12.4l10-6.2z"/>',
  motion:
    '<circle cx="12" cy="12" r="2.6"/><circle cx="12" cy="12" r="5.8"/><path d="M12 3.2v.1M16.4 4.4v.1M19.6 7.6h.1M20.8 12h.1M19.6 16.4h.1M16.4 19.6v.1M12 20.8v.1M7.6 19.6v.1M4.4 16.4h-.1M3.2 12h-.1M4.4 7.6h-.1M7.6 4.4v-.1"/>',
  sound:
    '<path d="M4.5 9.8v4.4h3l4.2 3.6V6.2L7.5 9.8zM15 9.4a3.8 3.8 0 0 1 0 5.2m2.6-7.8a7.4 7.4 0 0 1 0 10.4"/>',
  muted: '<path d="M4.5 9.8v4.4h3l4.2 3.6V6.2L7.5 9.8zM15.5 9.7l4.6 4.6m0-4.6-4.6 4.6"/>',
  music:
    '<path d="M9.5 17.2V6.8l9-2.3v10.4"/><circle cx="7" cy="17.2" r="2.5"/><circle cx="16" cy="14.9" r="2.5"/>',
  full: '<path d="M4.5 9V4.5H9m6 0h4.5V9m0 6v4.5H15m-6 0H4.5V15"/>',
  unfull: '<path d="M9 4.5V9H4.5m15 0H15V4.5m0 15V15h4.5m-15 0H9v4.5"/>',
  star: '<path d="m12 4.2 2.4 5 5.4.7-4 3.8 1 5.4-4.8-2.6-4.8 2.6 1-5.4-4-3.8 5.4-.7z"/>',
  heart: '<path d="M12 19.5S4 14.8 4 9.3A4.3 4.3 0 0 1 12 7.2a4.3 4.3 0 0 1 8 2.1c0 5.5-8 10.2-8 10.2z"/>',
  edit: '<path d="m14.4 6.1 3.5 3.5M5 19l.9-3.9L15.6 5.4a1.9 1.9 0 0 1 2.7 0l.3.3a1.9 1.9 0 0 1 0 2.7L8.9 18.1z"/>',
  eject: '<path d="M12 5.5 5.5 13h13zM6 17.8h12"/>',
  disk: '<rect x="3.5" y="6" width="17" height="12" rx="2.5"/><path d="M7 14.5h5"/><circle cx="16.6" cy="14.5" r=".8" fill="currentColor"/>',
  images:
    '<rect x="3.5" y="7.5" width="13" height="12" rx="2.5"/><path d="m4 17 3.6-3.4 2.9 2.6 2-2 3.8 3.6M8 4.5h9A3.5 3.5 0 0 1 20.5 8v8.5"/>',
  stack: '<rect x="4" y="9.5" width="16" height="10" rx="2.5"/><path d="M6 6.8h12M8.5 4h7"/>',
  unstack:
    '<rect x="3.5" y="9.5" width="7.5" height="10" rx="2"/><rect x="13" y="9.5" width="7.5" height="10" rx="2"/><path d="M9.5 4.5 7 6.5m7.5-2 2.5 2"/>',
  key: '<circle cx="8.2" cy="15.8" r="3.9"/><path d="m11 13 8.5-8.5M15.2 8.8l2.9 2.9M18.3 5.7l1.5 1.5"/>',
  shield:
    '<path d="M12 3.8 5.5 6.2v5.3c0 4 2.7 7 6.5 8.7 3.8-1.7 6.5-4.7 6.5-8.7V6.2z"/><path d="m9.3 12 2 2 3.6-3.8"/>',
  users:
    '<circle cx="9.2" cy="9" r="3.3"/><path d="M3.2 18.8a6 6 0 0 1 12 0M15 6a3.1 3.1 0 0 1 0 6M17.3 14.2a6 6 0 0 1 3.5 4.6"/>',
  trash:
    '<path d="M4.5 7h15M9.5 7V5.2a1 1 0 0 1 1-1h3a1 1 0 0 1 1 1V7M6.5 7l.8 11a2 2 0 0 0 2 1.8h5.4a2 2 0 0 0 2-1.8l.8-11"/>',
  sparkle:
    '<path d="M11 4.5 12.8 10 18.3 11.8 12.8 13.6 11 19.1 9.2 13.6 3.7 11.8 9.2 10z"/><path d="M18.5 4v3.4M16.8 5.7h3.4"/>',
  phone: '<rect x="7" y="3.5" width="10" height="17" rx="2.5"/><path d="M11 17.6h2"/>',
  chat: '<path d="M5.5 5.5h13a2 2 0 0 1 2 2v7.5a2 2 0 0 1-2 2H12l-4.5 3.5V17h-2a2 2 0 0 1-2-2V7.5a2 2 0 0 1 2-2z"/><path d="M8 9.8h8M8 12.9h5"/>',
} as const;

export type IconName = keyof typeof icons;
