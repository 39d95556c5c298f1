import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sniff, typeFindings } from '../../workers/validate/sniff.ts';

describe('content is', () => {
  it.each([
    ['', 'empty'],
    ['\x7fELF\x02\x01', 'executable'],
    ['MZ\x90\0', 'executable'],
    ['#!/bin/sh\n', 'script'],
    ['PK\x03\x04', 'zip'],
    [gzipSync('x').toString('latin1'), 'gzip'],
    ['%PDF-1.7', 'pdf'],
    ['-----BEGIN PGP MESSAGE-----', 'pgp'],
    ['\r\n ISA*00*', 'x12'],
    ['\xef\xbb\xbfISA*00*', 'x12'],
    ["UNA:+.? 'UNB+UNOC:3", 'edifact'],
    ["UNB+UNOC:3+A+B'", 'edifact'],
    ['<?xml version="1.0"?>', 'xml'],
    ['<orders>', 'xml'],
    ['\xff\xfe<\0?\0x\0m\0l\0 \0', 'xml'],
    ['{"a": 1}', 'json'],
    [' [1, 2]', 'json'],
    ['a,b\n1,2\n', 'csv'],
    ['a;b\n"1;1";2\n', 'csv'],
    ['ISAAC was here', 'text'],
    ['caf\xe9', 'text'],
    ['MZ;Maputo\nZA;Durban\n', 'csv'],
    ['\xc1rea;1\nZona;2\n', 'csv'],
    ['\x85\x01\x0c\x03\0', 'pgp'],
    ['\0\x01\x02', 'binary'],
  ])('%j: %s', (content, type) => {
    expect(sniff(Buffer.from(content, 'latin1'))).toBe(type);
  });
});

it('any content fits a feed that takes any, and empty files fit all', () => {
  expect(typeFindings('executable', 'any')).toEqual([]);
  expect(typeFindings('empty', 'x12')).toEqual([]);
  expect(typeFindings('text', 'x12')).toMatchObject([{ expected: 'x12', found: 'text' }]);
});
