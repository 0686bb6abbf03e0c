import { describe as suite, expect, it } from 'vitest';
import type { Asset } from '../api/types';
import { describe } from './facts';

const bare = {
  asset_id: 'x',
  type: 'PHOTO',
  original_filename: 'IMG_1.jpg',
  storage_path: '',
  mime_type: 'image/jpeg',
  file_size: 0,
  specific_metadata: null,
} as unknown as Asset;

suite('describe', () => {
  it('shows what the camera wrote', () => {
    const { groups, description } = describe({
      ...bare,
      taken_time: '2031-07-04T07:15:00Z',
      capture_offset_minutes: 120,
      width: 4000,
      height: 3000,
      file_size: 2_500_000,
      storage_path: 'inbox/2031/07/IMG_1.jpg',
      specific_metadata: {
        camera_model: 'Canon EOS R5',
        lens_model: 'RF50mm F1.8',
        exposure_time: '1/250',
        f_number: 2.8,
        iso_speed: 100,
        focal_length: 50,
        exposure: -0.3333,
        gps_latitude: 48.85837,
        gps_longitude: 2.29448,
        description: 'At the tower',
      },
    } as Asset);
    expect(description).toBe('At the tower');
    const by = Object.fromEntries(groups.map((group) => [group.label, [group.main, ...group.lines]]));
    expect(by['info.taken']![0]).toMatch(/4.*2031|2031.*4/);
    expect(by['info.taken']![1]).toMatch(/09:15:00.*UTC\+02:00/);
    expect(by['info.camera']).toEqual([
      'Canon EOS R5',
      'RF50mm F1.8',
      '1/250 s · f/2.8 · ISO 100 · 50 mm · −0.3 EV',
    ]);
    expect(by['info.details']).toEqual(['4,000 × 3,000 · 12 MP']);
    expect(by['info.file']).toEqual(['IMG_1.jpg', '2.5 MB · image/jpeg']);
    expect(by['info.folder']).toEqual(['inbox/2031/07']);
    expect(by['info.place']).toEqual(['48.85837° N, 2.29448° E']);
  });

  it('survives a picture nothing is known of', () => {
    const { groups, description } = describe(bare);
    expect(description).toBe('');
    expect(groups.map((group) => group.label)).toEqual(['info.added', 'info.file']);
  });
});
