import { globSync } from './scripts/files.mjs';
import { readFileSync } from 'node:fs';

// Tests mirror the tree. Those that need a Temporal server say so by importing tests/support/stack.ts; they are a project
// of their own, because they run one after the other while the others share the processors.
const files = globSync('tests', '.test.ts');
const needsTemporal = (file) => /from '[./]+support\/stack\.ts'/.test(readFileSync(file, 'utf8'));

// Without any pattern jest would take every file.
const only = (wanted) => (wanted.length > 0 ? wanted : ['none']).map((file) => `<rootDir>/${file}`);

const common = {
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/.cadenza'],
  globalTeardown: '<rootDir>/tests/support/global-teardown.ts',
};

export default {
  // A busy machine is no failure; what hangs ends all the same.
  testTimeout: 60_000,
  projects: [
    {
      ...common,
      displayName: 'plain',
      globalSetup: '<rootDir>/tests/support/global-setup.ts',
      testMatch: only(files.filter((file) => !needsTemporal(file))),
    },
    {
      ...common,
      displayName: 'temporal',
      globalSetup: '<rootDir>/tests/support/global-setup-temporal.ts',
      testMatch: only(files.filter(needsTemporal)),
    },
  ],
};
